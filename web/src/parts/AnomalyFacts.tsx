import { type AnomalyDetail, labelNames, signalName } from '../app/anomalies.ts';
import { threeDigits } from '../app/numbers.ts';
import { instantName } from '../app/times.ts';
import { Panel } from './pieces.tsx';

/** A full bar, as −log10 of a probability: one in a million. */
const MOST_SURPRISING = 6;

const surpriseName = (surprise: number): string =>
  surprise < 1 ? 'usual' : surprise < 2 ? 'seldom' : surprise < 4 ? 'rare' : 'very rare';

/** What was looked at, and how unusual each was by itself. */
export const Explanation = ({ anomaly }: { anomaly: AnomalyDetail }) => (
  <Panel title="What was looked at">
    {anomaly.explanation.length === 0 ? (
      <p class="empty">Nothing by itself: all of it together.</p>
    ) : (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1).
      <section class="scroll" tabIndex={0} aria-label="What was looked at">
        <table>
          <thead>
            <tr>
              <th>Signal</th>
              <th class="num">Was</th>
              <th class="num">Expected</th>
              {anomaly.oneIn === null ? <th class="num">Deviations</th> : <th>By itself</th>}
            </tr>
          </thead>
          <tbody>
            {anomaly.explanation.map((one) => (
              <tr key={one.signal}>
                <td>{signalName(one.signal)}</td>
                <td class="num">{one.value === null ? '–' : threeDigits(one.value)}</td>
                <td class="num">
                  {one.expected === null
                    ? '–'
                    : `${threeDigits(one.expected.low)} to ${threeDigits(one.expected.high)}`}
                </td>
                {anomaly.oneIn === null ? (
                  <td class="num">{threeDigits(one.surprise)}</td>
                ) : (
                  <td>
                    <span class="bar" role="img" aria-label={surpriseName(one.surprise)}>
                      <i
                        style={{
                          width: `${Math.min(1, one.surprise / MOST_SURPRISING) * 100}%`,
                          background: 'var(--warning)',
                        }}
                      />
                    </span>
                    {surpriseName(one.surprise)}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    )}
  </Panel>
);

/** Which fault, as far as the model can tell; absent where the stream found it. */
export const Faults = ({ anomaly }: { anomaly: AnomalyDetail }) =>
  anomaly.faults && (
    <Panel title={`Which fault, by model ${anomaly.modelVersion}`}>
      <div class="body">
        <dl class="shares">
          {Object.entries(anomaly.faults)
            .sort(([, a], [, b]) => b - a)
            .map(([fault, share]) => (
              <>
                <dt>{labelNames[fault as keyof typeof labelNames][0]}</dt>
                <dd>
                  <span class="bar" aria-hidden="true">
                    <i style={{ width: `${share * 100}%`, background: 'var(--normal)' }} />
                  </span>
                  {Math.round(share * 100)} %
                </dd>
              </>
            ))}
        </dl>
      </div>
    </Panel>
  );

/** What became of it, the latest first. */
export const Done = ({ anomaly, zone, you }: { anomaly: AnomalyDetail; zone: string; you: string | undefined }) => {
  const who = (subject: string) => (subject === you ? ' by you' : ` by ${subject}`);
  const done = [
    { at: anomaly.raisedAt, what: 'found', more: '', by: '' },
    ...(anomaly.alertedAt === null ? [] : [{ at: anomaly.alertedAt, what: 'people were told', more: '', by: '' }]),
    ...anomaly.labels.map((one) => ({
      at: one.at,
      what: `labelled ${labelNames[one.label][0].toLowerCase()}`,
      more: one.note ?? '',
      by: who(one.by),
    })),
    ...anomaly.snoozes.map((one) => ({
      at: one.at,
      what: one.until <= one.at ? 'snooze ended' : `snoozed until ${instantName(Date.parse(one.until), zone)}`,
      more: '',
      by: who(one.by),
    })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  return (
    <Panel title="What was done">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1). */}
      <section class="scroll" tabIndex={0} aria-label="What was done">
        <table>
          <tbody>
            {done.map((one) => (
              <tr key={`${one.at} ${one.what}`}>
                <td class="when">{instantName(Date.parse(one.at), zone)}</td>
                <td class="wrap">
                  {one.what}
                  <span class="muted">
                    {one.by}
                    {one.more && ` · ${one.more}`}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
};
