import type { FeederSummary } from '../app/feeders.ts';
import { link } from '../app/location.ts';
import { percent, power, said } from '../app/numbers.ts';
import { Sparkline } from '../charts/Sparkline.tsx';
import { type Column, List } from './list.tsx';
import { Skeleton } from './pieces.tsx';
import { LoadingBar } from './status.tsx';

const columns: readonly Column<FeederSummary>[] = [
  { label: 'Feeder', plain: (f) => f.feederId, show: (f) => `${f.feederId} · ${f.name}` },
  {
    label: 'Load',
    numeric: true,
    plain: (f) => f.loadKw,
    show: (f) => (f.loadKw === null ? 'no readings' : said(power(f.loadKw))),
  },
  { label: 'Loading', plain: (f) => f.loadingPercent, show: (f) => <LoadingBar percent={f.loadingPercent} /> },
  {
    label: 'Course',
    wide: true,
    plain: () => null,
    show: (f) => <Sparkline points={f.points} label={`Load of ${f.feederId} over the range`} />,
  },
  {
    label: 'Peak',
    numeric: true,
    wide: true,
    plain: (f) => f.peakKw,
    show: (f) => (f.peakKw === null ? '–' : said(power(f.peakKw))),
  },
  { label: 'Rating', numeric: true, wide: true, plain: (f) => f.ratingKva, show: (f) => `${f.ratingKva} kVA` },
  {
    label: 'Completeness',
    numeric: true,
    wide: true,
    plain: (f) => f.completeness,
    show: (f) => (f.completeness === null ? 'none due' : percent(f.completeness)),
  },
];

export const FeederList = ({ feeders, filter }: { feeders: readonly FeederSummary[] | undefined; filter?: boolean }) =>
  feeders === undefined ? (
    <Skeleton height={240} />
  ) : (
    <List
      name="feeders"
      title="Feeders"
      rows={feeders}
      keyOf={(f) => f.feederId}
      hrefOf={(f) => link(`/feeders/${f.feederId}`)}
      columns={columns}
      filter={filter ?? false}
      empty="No feeder has been imported yet: PUT /topology brings the network in."
    />
  );
