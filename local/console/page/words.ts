export const rate = (perMinute: number): string =>
  perMinute >= 600
    ? `${Math.round(perMinute / 60).toLocaleString('en')}/s`
    : `${perMinute >= 10 ? Math.round(perMinute) : perMinute.toFixed(1)}/min`;

export const duration = (ms: number | null): string => {
  if (ms === null) return 'no data';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
};

export const clock = (time: number): string => new Date(time).toISOString().slice(11, 23);
