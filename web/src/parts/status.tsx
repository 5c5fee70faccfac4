/** A status is a colour, a shape and a word. */
export const statuses = {
  normal: { colour: 'var(--normal)', shape: 'M5 0a5 5 0 1 0 0 10A5 5 0 1 0 5 0Z', word: 'normal' },
  warn: { colour: 'var(--warning)', shape: 'M5 0 10 9.5H0Z', word: 'near its rating' },
  high: { colour: 'var(--critical)', shape: 'M5 0 10 5 5 10 0 5Z', word: 'over its rating' },
  critical: { colour: 'var(--critical)', shape: 'M0 0H10V10H0Z', word: 'critically loaded' },
  running: {
    colour: 'var(--accent)',
    shape: 'M5 0a5 5 0 1 0 0 10A5 5 0 1 0 5 0ZM5 2.4a2.6 2.6 0 1 1 0 5.2A2.6 2.6 0 1 1 5 2.4Z',
    word: 'under way',
  },
  ahead: {
    colour: 'var(--missing)',
    shape: 'M5 0a5 5 0 1 0 0 10A5 5 0 1 0 5 0ZM5 1.2a3.8 3.8 0 1 1 0 7.6A3.8 3.8 0 1 1 5 1.2Z',
    word: 'not reached',
  },
  missing: { colour: 'var(--missing)', shape: 'M0 3.5H10V6.5H0Z', word: 'no readings' },
} as const;
export type StatusName = keyof typeof statuses;

export const Status = ({ name, word }: { name: StatusName; word?: string }) => (
  <span class="status">
    <svg viewBox="0 0 10 10" aria-hidden="true">
      <path d={statuses[name].shape} fill={statuses[name].colour} />
    </svg>
    {word ?? statuses[name].word}
  </span>
);

/** In place of a loading that is not there: nobody reported, or it would tell of a single customer. */
export const NoLoading = ({ withheld }: { withheld?: true | undefined }) => (
  <Status name="missing" {...(withheld ? { word: 'withheld' } : {})} />
);

/** Bands as the API has them: from 80, 100 and 120 % of the rating. */
export const bandOf = (loadingPercent: number | null | undefined): StatusName => {
  if (loadingPercent === null || loadingPercent === undefined) return 'missing';
  if (loadingPercent >= 120) return 'critical';
  if (loadingPercent >= 100) return 'high';
  return loadingPercent >= 80 ? 'warn' : 'normal';
};

export const LoadingBar = ({ percent }: { percent: number | null }) => {
  if (percent === null) return <Status name="missing" />;
  const band = bandOf(percent);
  return (
    <span class="tabular">
      <span class="bar" aria-hidden="true">
        <i style={{ width: `${Math.min(100, percent)}%`, background: statuses[band].colour }} />
      </span>
      <span style={{ display: 'inline-block', minWidth: '42px', textAlign: 'right' }}>{Math.round(percent)} %</span>{' '}
      {band === 'normal' ? '' : <Status name={band} />}
    </span>
  );
};
