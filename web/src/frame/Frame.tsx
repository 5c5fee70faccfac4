import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { liveMs, useAnswer, useServices } from '../app/data.ts';
import { isFree } from '../app/keys.ts';
import { link, navigate, setState, usePlace } from '../app/location.ts';
import { type Span, spans, useClock, useRange } from '../app/range.ts';
import { ageName, ceilTo, fullDay, hourMs, instantName, iso, minuteMs } from '../app/times.ts';
import { applyTheme, chosenTheme, type Theme } from '../charts/theme.ts';
import { Status } from '../parts/status.tsx';
import { Keys } from './Keys.tsx';
import { pages } from './pages.ts';
import { Search } from './Search.tsx';

const Rail = ({ path }: { path: string }) => {
  const rail = useRef<HTMLElement>(null);
  // On a phone the rail is wider than the screen: the page one is on is brought into sight.
  useEffect(() => {
    const current = rail.current?.querySelector<HTMLElement>('[aria-current]');
    rail.current?.scrollTo({ left: (current?.offsetLeft ?? 0) - 128 });
  }, [path]);
  return (
    <nav class="rail" aria-label="Pages" ref={rail}>
      <a class="mark" href={link('/')} aria-label="Smart Grid Analytics, overview">
        <img src="/favicon.svg" alt="" />
      </a>
      {pages.map((page) => (
        <a
          key={page.path}
          href={link(page.path)}
          aria-current={(page.path === '/' ? path === '/' : path.startsWith(page.path)) ? 'page' : undefined}
        >
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d={page.icon} />
          </svg>
          {page.name}
        </a>
      ))}
    </nav>
  );
};

/** Age of the newest data, as a status. */
const LiveDot = () => {
  const now = useClock();
  const to = ceilTo(now, 30 * minuteMs);
  const load = useAnswer(
    'getSystemLoad',
    { query: { from: iso(to - 6 * hourMs), to: iso(to), resolutionMinutes: '30' } },
    liveMs,
  );
  if (load.error) return <Status name="high" word="not connected" />;
  if (!load.data) return <Status name="missing" word="connecting" />;
  const newest = load.data.periods.findLast((period) => period.value !== null);
  if (!newest) return <Status name="missing" word="no data in 6 h" />;
  const age = Math.max(0, now - Date.parse(newest.end));
  const word = age < 5 * minuteMs ? 'live' : `${ageName(age)} old`;
  return <Status name={age > 2 * hourMs ? 'high' : age > 45 * minuteMs ? 'warn' : 'normal'} word={word} />;
};

const ThemeSwitch = () => {
  const [theme, setTheme] = useState<Theme>(chosenTheme());
  return (
    <select
      class="button"
      aria-label="Theme"
      value={theme}
      onChange={(event) => {
        const chosen = event.currentTarget.value as Theme;
        applyTheme(chosen);
        setTheme(chosen);
      }}
    >
      <option value="system">Auto</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
};

/** Where nothing is newer than the range looked at, says so and leads there. */
const NewestNotice = () => {
  const range = useRange();
  const recent = useAnswer('getSystemConsumption', {
    query: { granularity: 'hour', from: iso(range.from), to: iso(range.to), tz: range.gridZone },
  });
  const empty =
    recent.data !== undefined &&
    !recent.loading &&
    recent.data.periods.every((period) => period.intervalsPresent === 0);
  const month = 31 * 24 * hourMs;
  const start = Date.UTC(2010, 0, 1);
  const months = useAnswer(
    'getSystemConsumption',
    empty
      ? {
          query: {
            granularity: 'month',
            from: iso(start),
            to: iso(ceilTo(range.now + month, month)),
            tz: range.gridZone,
          },
        }
      : undefined,
  );
  const last = empty ? months.data?.periods.findLast((period) => period.intervalsPresent > 0) : undefined;
  const days = useAnswer(
    'getSystemConsumption',
    last ? { query: { granularity: 'day', from: last.start, to: last.end, tz: range.gridZone } } : undefined,
  );
  const day = last ? days.data?.periods.findLast((period) => period.intervalsPresent > 0) : undefined;
  if (!empty) return null;
  return (
    <div class="notice" role="status">
      <span>
        No readings between {instantName(range.from, range.zone)} and {instantName(range.to, range.zone)}.
        {day && ` The newest are of ${fullDay(Date.parse(day.start), range.gridZone)}.`}
      </span>
      {day && (
        <button type="button" class="button" onClick={() => setState({ at: day.end })}>
          Go there
        </button>
      )}
    </div>
  );
};

export const Frame = ({ children }: { children: ComponentChildren }) => {
  const { path, query } = usePlace();
  const { session } = useServices();
  const range = useRange();
  const [open, setOpen] = useState<'search' | 'keys' | undefined>(undefined);
  useEffect(() => {
    let leader = 0;
    const listener = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key === 'k') {
        event.preventDefault();
        setOpen('search');
        return;
      }
      if (!isFree(event)) return;
      if (event.key === '/') {
        event.preventDefault();
        setOpen('search');
      } else if (event.key === '?') setOpen('keys');
      else if (event.key === 'g') leader = Date.now();
      else if (event.key === 'u') setState({ utc: query.get('utc') === '1' ? null : '1' });
      else if (Date.now() - leader < 1500) {
        const page = pages.find((one) => one.key === event.key);
        if (page) navigate(link(page.path));
      }
    };
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, [query.get('utc')]);
  return (
    <div class="frame">
      <Rail path={path} />
      <div>
        <header class="topbar">
          <button type="button" class="button search" onClick={() => setOpen('search')}>
            <span>Search</span> <kbd>/</kbd>
          </button>
          <fieldset class="group" aria-label="Time range">
            {(Object.keys(spans) as Span[]).map((span) => (
              <button
                type="button"
                key={span}
                class="button"
                aria-pressed={range.span === span}
                onClick={() => setState({ range: span })}
              >
                {spans[span].label}
              </button>
            ))}
          </fieldset>
          {!range.live && (
            <button type="button" class="button" onClick={() => setState({ at: null })}>
              until {fullDay(range.to, range.zone)} · back to live
            </button>
          )}
          <span class="spacer" />
          <LiveDot />
          <button
            type="button"
            class="button wide"
            aria-pressed={range.zone === 'UTC'}
            title="Times in UTC"
            onClick={() => setState({ utc: range.zone === 'UTC' ? null : '1' })}
          >
            UTC
          </button>
          <ThemeSwitch />
          <button
            type="button"
            class="button quiet user"
            onClick={() => session.signOut()}
            title={`${session.person?.name ?? ''}: sign out`}
          >
            Sign out
          </button>
        </header>
        <main id="main">
          <NewestNotice />
          {children}
        </main>
      </div>
      {open === 'search' && <Search close={() => setOpen(undefined)} />}
      {open === 'keys' && <Keys close={() => setOpen(undefined)} />}
    </div>
  );
};
