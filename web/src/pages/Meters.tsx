import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer } from '../app/api.ts';
import { useAnswer } from '../app/data.ts';
import { completenessOf, settled } from '../app/feeders.ts';
import { link } from '../app/location.ts';
import { energy, percent, said } from '../app/numbers.ts';
import { type TimeRange, useRange } from '../app/range.ts';
import { dayMs, fullDay, iso } from '../app/times.ts';
import { Sparkline } from '../charts/Sparkline.tsx';
import { type Column, List } from '../parts/list.tsx';
import { Failures, PageHead, Skeleton } from '../parts/pieces.tsx';
import { Status } from '../parts/status.tsx';

type Meter = Answer<'listMeters'>['items'][number];

/** The last day of one meter, asked for when its row comes into view. */
const LastDay = ({ meterId, range }: { meterId: string; range: TimeRange }) => {
  const element = useRef<HTMLSpanElement>(null);
  const [inView, setInView] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && setInView(true));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  const { data } = useAnswer(
    'getMeterConsumption',
    inView
      ? {
          params: { meterId },
          query: { granularity: 'hour', tz: range.gridZone, from: iso(range.to - dayMs), to: iso(range.to) },
        }
      : undefined,
  );
  const complete = data && completenessOf(settled(data.periods, range.now));
  const total = data?.periods.reduce((sum, period) => sum + (period.value ?? 0), 0) ?? 0;
  return (
    <span
      ref={element}
      style={{ display: 'flex', gap: '16px', alignItems: 'center', minWidth: '330px', minHeight: '28px' }}
    >
      {data && (
        <>
          <Sparkline points={data.periods.map((period) => period.value)} label={`Last 24 hours of ${meterId}`} />
          <span class="tabular" style={{ width: '76px', textAlign: 'right' }}>
            {data.periods.some((period) => period.value !== null) ? said(energy(total)) : ''}
          </span>
          {complete === null || complete === undefined ? (
            <Status name="missing" word="none due" />
          ) : complete === 0 ? (
            <Status name="missing" />
          ) : complete < 0.98 ? (
            <Status name="warn" word={`${percent(complete)} complete`} />
          ) : (
            <Status name="normal" word="complete" />
          )}
        </>
      )}
    </span>
  );
};

export const MetersPage = () => {
  const range = useRange();
  const meters = useAnswer('listMeters', { query: { limit: 1000 } }, 60_000);
  const columns: readonly Column<Meter>[] = [
    { label: 'Meter', plain: (m) => m.meterId, show: (m) => m.meterId },
    { label: 'Feeder', plain: (m) => m.feederId, show: (m) => m.feederId },
    { label: 'Transformer', plain: (m) => m.transformerId, show: (m) => m.transformerId },
    { label: 'Usage point', wide: true, plain: (m) => m.usagePointId, show: (m) => m.usagePointId },
    {
      label: 'In service since',
      wide: true,
      plain: (m) => m.serviceFrom,
      show: (m) => fullDay(Date.parse(m.serviceFrom), range.gridZone),
    },
    {
      label: 'Status',
      wide: true,
      plain: (m) => (m.serviceTo === null || Date.parse(m.serviceTo) > range.now ? 'in service' : 'retired'),
      show: (m) =>
        m.serviceTo === null || Date.parse(m.serviceTo) > range.now ? (
          <Status name="normal" word="in service" />
        ) : (
          <Status name="missing" word={`until ${fullDay(Date.parse(m.serviceTo), range.gridZone)}`} />
        ),
    },
    {
      label: 'Last 24 hours',
      wide: true,
      plain: () => null,
      show: (m) => <LastDay meterId={m.meterId} range={range} />,
    },
  ];
  return (
    <>
      <PageHead title="Meters" note={meters.data ? `${meters.data.items.length} meters` : ' '} />
      <Failures asked={[meters]} subject="The meters" />
      {meters.data ? (
        <List
          name="meters"
          title="Meters"
          rows={meters.data.items}
          keyOf={(m) => m.meterId}
          hrefOf={(m) => link(`/meters/${m.meterId}`)}
          columns={columns}
          filter
          empty="No meter has been imported yet: PUT /topology brings the network in."
        />
      ) : (
        !meters.error && <Skeleton height={480} />
      )}
    </>
  );
};
