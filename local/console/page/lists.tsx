import type { ComponentChildren } from 'preact';
import type { AlarmRow, FunctionView, View } from '../view.ts';
import { clock, duration, rate } from './words.ts';

const Table = (props: {
  id: string;
  title: string;
  columns: readonly string[];
  rows: readonly (readonly ComponentChildren[])[];
  numeric?: readonly number[];
  wrap?: readonly number[];
}) => (
  <section class="panel" id={props.id}>
    <header>
      <h2>{props.title}</h2>
      <span class="muted">{props.rows.length}</span>
    </header>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1). */}
    <section class="scroll" tabIndex={0} aria-label={props.title}>
      <table>
        <thead>
          <tr>
            {props.columns.map((column, index) => (
              <th key={column} class={props.numeric?.includes(index) ? 'num' : ''}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row, rowIndex) => (
            <tr key={String(row[0] ?? rowIndex)}>
              {row.map((cell, index) => (
                <td
                  key={index}
                  class={`${props.numeric?.includes(index) ? 'num' : ''} ${props.wrap?.includes(index) ? 'wrap' : ''}`}
                >
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  </section>
);

const shapes = {
  OK: 'M5 0a5 5 0 1 0 0 10A5 5 0 1 0 5 0Z',
  ALARM: 'M0 0H10V10H0Z',
  INSUFFICIENT_DATA: 'M0 3.5H10V6.5H0Z',
};
const colours = { OK: 'var(--normal)', ALARM: 'var(--critical)', INSUFFICIENT_DATA: 'var(--missing)' };
const words = { OK: 'ok', ALARM: 'in alarm', INSUFFICIENT_DATA: 'no data yet' };

const State = ({ state }: { state: AlarmRow['state'] }) => (
  <span class="status">
    <svg viewBox="0 0 10 10" aria-hidden="true">
      <path d={shapes[state]} fill={colours[state]} />
    </svg>
    {words[state]}
  </span>
);

export const Streams = ({ view }: { view: View }) => (
  <Table
    id="streams"
    title="Streams"
    columns={['Stream', 'Records', 'Lag', 'Held by shard']}
    numeric={[1, 2, 3]}
    rows={view.streams.map((s) => [
      s.label,
      rate(s.recordsPerMinute),
      duration(s.lagMs),
      s.shards.map((shard) => shard.records.toLocaleString('en')).join(' · ') || 'none open',
    ])}
  />
);

export const Rules = ({ view }: { view: View }) => (
  <Table
    id="rules"
    title="Topic rules"
    columns={['Rule', 'Matches', 'Failures']}
    numeric={[1, 2]}
    rows={view.rules.map((r) => [<span title={r.sql}>{r.name}</span>, rate(r.matchesPerMinute), r.failures])}
  />
);

export const Functions = ({ view }: { view: View }) => (
  <Table
    id="functions"
    title="Functions"
    columns={['Function', 'Now', 'Invocations, 3 h', 'Errors, 3 h', 'p50', 'p99', 'Grants used']}
    numeric={[1, 2, 3, 4, 5, 6]}
    rows={view.functions.map((f) => [
      f.label,
      rate(f.invocationsPerMinute),
      f.invocations.toLocaleString('en'),
      f.errors === 0 ? '0' : <strong style={{ color: 'var(--critical)' }}>{f.errors}</strong>,
      duration(f.p50Ms),
      duration(f.p99Ms),
      <span title={`not used since the start: ${unused(f).join(', ') || 'none'}`}>
        {f.grants.length - unused(f).length} of {f.grants.length}
      </span>,
    ])}
  />
);

const unused = (f: FunctionView): string[] => f.grants.filter(({ used }) => !used).map(({ sid }) => sid);

export const Tables = ({ view }: { view: View }) => (
  <Table
    id="tables"
    title="Stores"
    columns={['Name', 'Kind', 'Detail']}
    wrap={[2]}
    rows={view.tables.map((t) => [t.name, t.kind, t.detail])}
  />
);

export const Alarms = ({ view }: { view: View }) => (
  <Table
    id="alarms"
    title="Alarms"
    columns={['Alarm', 'State', 'Since', 'Impact', 'Runbook']}
    wrap={[3]}
    rows={view.alarms.map((a) => [
      a.name,
      <State state={a.state} />,
      a.since ? `${clock(a.since)} UTC` : '–',
      a.impact,
      a.runbook ?? 'none named',
    ])}
  />
);
