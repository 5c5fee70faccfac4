import { useEffect, useState } from 'preact/hooks';
import { clock, duration } from './words.ts';

interface Line {
  source: string;
  requestId?: string;
  time: number;
  text: string;
}
interface Segment {
  id?: string;
  name?: string;
  trace_id?: string;
  start_time?: number;
  end_time?: number;
  fault?: boolean;
  error?: boolean;
}

const useList = <T,>(address: string): T[] => {
  const [list, setList] = useState<T[]>([]);
  useEffect(() => {
    let stopped = false;
    const ask = async () => {
      const answer = await fetch(address).catch(() => undefined);
      if (answer?.ok && !stopped) setList((await answer.json()) as T[]);
    };
    void ask();
    const timer = setInterval(ask, 3000);
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, [address]);
  return list;
};

const parts = ['iot', 'kinesis', 'apigateway', 'cloudwatch', 'postgres', 'fleet'].map((name) => ({
  name,
  label: name,
}));

/** Recent logs and traces, by whatever id they carry. */
export const Logs = ({ sources }: { sources: readonly { name: string; label: string }[] }) => {
  const labels = new Map(sources.map(({ name, label }) => [name, label]));
  const [text, setText] = useState('');
  const [source, setSource] = useState('');
  const lines = useList<Line>(`/data/logs?${new URLSearchParams({ text, source })}`);
  const segments = useList<Segment>(
    `/data/traces?${new URLSearchParams({ text: /^1-[0-9a-f]{8}-/.test(text) ? text : '' })}`,
  );
  return (
    <section class="panel" id="logs">
      <header>
        <h2>Logs and traces</h2>
        <input
          type="search"
          placeholder="trace, request or meter id"
          aria-label="Search logs and traces"
          value={text}
          onInput={(event) => setText(event.currentTarget.value.trim())}
        />
        <select
          class="button"
          aria-label="Source"
          value={source}
          onChange={(event) => setSource(event.currentTarget.value)}
        >
          <option value="">every source</option>
          {[...sources, ...parts].map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1). */}
      <section class="scroll" tabIndex={0} aria-label="Log lines" style={{ maxHeight: '420px' }}>
        <table>
          <tbody>
            {lines.map((line, index) => (
              <tr key={`${line.time} ${index}`}>
                <td class="num">{clock(line.time)}</td>
                <td title={line.source}>{labels.get(line.source) ?? line.source}</td>
                <td class="wrap log">{line.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {lines.length === 0 && <p class="empty">No line holds that.</p>}
      </section>
      {segments.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1).
        <section class="scroll" tabIndex={0} aria-label="Traces" style={{ maxHeight: '300px' }}>
          <table>
            <thead>
              <tr>
                <th>Segment</th>
                <th>Trace</th>
                <th class="num">Duration</th>
                <th>Result</th>
              </tr>
            </thead>
            <tbody>
              {segments.map((segment, index) => (
                <tr key={segment.id ?? index}>
                  <td>{segment.name}</td>
                  <td>
                    <button type="button" class="button quiet log" onClick={() => setText(segment.trace_id ?? '')}>
                      {segment.trace_id}
                    </button>
                  </td>
                  <td class="num">
                    {segment.end_time && segment.start_time
                      ? duration((segment.end_time - segment.start_time) * 1000)
                      : 'open'}
                  </td>
                  <td>{segment.fault ? 'fault' : segment.error ? 'error' : 'ok'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
};
