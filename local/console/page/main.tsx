import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { View } from '../view.ts';
import { Dashboards } from './Dashboards.tsx';
import { FlowMap } from './FlowMap.tsx';
import { Logs } from './Logs.tsx';
import { Alarms, Functions, Rules, Streams, Tables } from './lists.tsx';
import { Path } from './Path.tsx';
import './console.css';

const sections = ['Flow', 'Message', 'Streams', 'Functions', 'Rules', 'Tables', 'Alarms', 'Dashboards', 'Logs'];

const Console = () => {
  const [view, setView] = useState<View | undefined>(undefined);
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    const events = new EventSource('/data/events');
    events.onmessage = (event) => {
      setView(JSON.parse(event.data as string) as View);
      setConnected(true);
    };
    events.onerror = () => setConnected(false);
    return () => events.close();
  }, []);
  return (
    <div>
      <header class="topbar">
        <h1>Console</h1>
        {view && (
          <span class="muted">
            {view.stage} · {view.region}
          </span>
        )}
        <nav aria-label="Sections" class="sections">
          {sections.map((name) => (
            <a key={name} href={`#${name.toLowerCase()}`}>
              {name}
            </a>
          ))}
        </nav>
        <span class="spacer" />
        {view?.links.map((link) => (
          <a key={link.name} href={link.href}>
            {link.name}
          </a>
        ))}
      </header>
      <main>
        {!connected && (
          <p class="notice failed" role="alert">
            The local cloud does not answer. What is shown is its last state; this page goes on by itself when it runs
            again.
          </p>
        )}
        {view ? (
          <>
            <FlowMap view={view} />
            <Path />
            <div class="columns">
              <Streams view={view} />
              <Rules view={view} />
            </div>
            <Functions view={view} />
            <Alarms view={view} />
            <Dashboards view={view} />
            <Tables view={view} />
            <Logs sources={view.functions} />
          </>
        ) : (
          <div class="skeleton" style={{ height: '480px' }} role="status" aria-label="Loading" />
        )}
      </main>
    </div>
  );
};

const root = document.getElementById('app');
if (root) render(<Console />, root);
