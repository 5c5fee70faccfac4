import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, read, readAll } from './app/api.ts';
import { loadConfig } from './app/config.ts';
import { type Services, ServicesContext } from './app/data.ts';
import { followLinks, link, usePlace } from './app/location.ts';
import { Session } from './app/session.ts';
import { AnswerStore } from './app/store.ts';
import { applyTheme, chosenTheme } from './charts/theme.ts';
import { Frame } from './frame/Frame.tsx';
import { pages } from './frame/pages.ts';
import { AnomaliesPage } from './pages/Anomalies.tsx';
import { AnomalyPage } from './pages/Anomaly.tsx';
import { FeederPage } from './pages/Feeder.tsx';
import { FeedersPage } from './pages/Feeders.tsx';
import { FleetPage } from './pages/Fleet.tsx';
import { ForecastsPage } from './pages/Forecasts.tsx';
import { MapPage } from './pages/Map.tsx';
import { MeterPage } from './pages/Meter.tsx';
import { MetersPage } from './pages/Meters.tsx';
import { ModelsPage } from './pages/Models.tsx';
import { OutagePage } from './pages/Outage.tsx';
import { OutagesPage } from './pages/Outages.tsx';
import { OverviewPage } from './pages/Overview.tsx';
import { QualityPage } from './pages/Quality.tsx';
import { QuarantinedPage } from './pages/Quarantined.tsx';
import './styles/main.css';

const Page = () => {
  const { path } = usePlace();
  const [, section = '', id] = path.split('/').map(decodeURIComponent);
  const name =
    (id && id.length <= 40 ? id : undefined) ?? pages.find((page) => page.path === `/${section}`)?.name ?? 'Not found';
  useEffect(() => {
    document.title = `${name} · Smart Grid Analytics`;
  }, [name]);
  if (path === '/') return <OverviewPage />;
  if (section === 'map') return <MapPage />;
  if (section === 'meters') return id ? <MeterPage key={id} meterId={id} /> : <MetersPage />;
  if (section === 'feeders') return id ? <FeederPage key={id} feederId={id} /> : <FeedersPage />;
  if (section === 'outages') return id ? <OutagePage key={id} outageId={id} /> : <OutagesPage />;
  if (section === 'quality') return id ? <QuarantinedPage key={id} quarantineId={id} /> : <QualityPage />;
  if (section === 'forecasts') return <ForecastsPage />;
  if (section === 'anomalies') return id ? <AnomalyPage key={id} anomalyId={id} /> : <AnomaliesPage />;
  if (section === 'models') return <ModelsPage />;
  if (section === 'fleet') return <FleetPage />;
  return (
    <>
      <h1>There is no page at {path}</h1>
      <p>
        <a href={link('/')}>The overview</a> leads everywhere.
      </p>
    </>
  );
};

const Door = ({ message, enter }: { message: string | undefined; enter: (() => void) | undefined }) => (
  <main class="door" style={{ maxWidth: 'none' }}>
    <div class="card">
      <img src="/favicon.svg" alt="" />
      <h1>Smart Grid Analytics</h1>
      <p class="muted">Load, loading and readings of the grid, live.</p>
      {message && (
        <p class="notice failed" role="alert">
          {message}
        </p>
      )}
      {enter && (
        <button type="button" class="button primary" onClick={enter}>
          Sign in
        </button>
      )}
    </div>
  </main>
);

const App = ({ services, refusal }: { services: Services; refusal: string | undefined }) => {
  const { session } = services;
  const [signedIn, setSignedIn] = useState(session.person !== undefined);
  const [message, setMessage] = useState(refusal);
  useEffect(() => {
    session.onEnded = () => {
      setMessage('Your session has ended. What you were looking at opens again after you sign in.');
      setSignedIn(false);
    };
  }, [session]);
  if (!signedIn) return <Door message={message} enter={() => void session.signIn()} />;
  return (
    <ServicesContext.Provider value={services}>
      <Frame>
        <Page />
      </Frame>
    </ServicesContext.Provider>
  );
};

const start = async (root: HTMLElement): Promise<void> => {
  applyTheme(chosenTheme());
  followLinks();
  try {
    const config = await loadConfig();
    const session = new Session(config.signIn);
    const refusal = await session.resume();
    const answers = new AnswerStore(
      (address) =>
        (/\/readings\?|\/telemetry\?|^\/meters\?|\/loading\?from/.test(address) ? readAll : read)(
          session,
          config.apiBase,
          address,
        ),
      (error) => !(error instanceof ApiProblem) || error.passing,
    );
    render(<App services={{ config, session, answers }} refusal={refusal} />, root);
  } catch (failure) {
    const why = failure instanceof Error ? failure.message : String(failure);
    render(
      <Door message={`The dashboard cannot start: ${why}. Trying again in five seconds.`} enter={undefined} />,
      root,
    );
    setTimeout(() => void start(root), 5000);
  }
};

const root = document.getElementById('app');
if (root) void start(root);
