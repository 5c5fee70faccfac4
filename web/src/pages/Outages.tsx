import { liveMs, useAnswer } from '../app/data.ts';
import { link } from '../app/location.ts';
import { threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { dayMs, iso, shortTime } from '../app/times.ts';
import { type Column, List } from '../parts/list.tsx';
import { durationName, isOpen, type OutageRow, OutageStatus, outageName } from '../parts/outages.tsx';
import { Failures, Figures, PageHead, Skeleton } from '../parts/pieces.tsx';

const yearMs = 365 * dayMs;

export const OutagesPage = () => {
  const range = useRange();
  const { now, zone } = range;
  const outages = useAnswer(
    'listOutages',
    { query: { from: iso(range.from), to: iso(range.to), limit: 1000 } },
    liveMs,
  );
  const year = useAnswer('getReliability', { query: { from: iso(range.to - yearMs), to: iso(range.to) } }, 4 * liveMs);
  const rows = outages.data?.items;
  const open = rows?.filter(isOpen);
  const index = (amount: number | null | undefined, unit: string) =>
    amount === undefined ? undefined : amount === null ? null : { amount: threeDigits(amount), unit };
  const { data } = year;
  const columns: readonly Column<OutageRow>[] = [
    { label: 'Outage', plain: outageName, show: outageName },
    { label: 'State', plain: (o) => o.status, show: (o) => <OutageStatus status={o.status} /> },
    { label: 'Feeder', wide: true, plain: (o) => o.feederId, show: (o) => o.feederId },
    { label: 'Began', plain: (o) => o.from, show: (o) => shortTime(Date.parse(o.from), now, zone) },
    {
      label: 'Lasted',
      numeric: true,
      plain: (o) => (o.to === null ? now : Date.parse(o.to)) - Date.parse(o.from),
      show: (o) => `${durationName(o, now)}${isOpen(o) ? ' so far' : ''}`,
    },
    {
      label: 'Customers',
      numeric: true,
      plain: (o) => o.customers,
      show: (o) =>
        o.customersOut > 0 && o.customersOut < o.customers ? `${o.customersOut} of ${o.customers}` : o.customers,
    },
    {
      label: 'Cause',
      wide: true,
      plain: (o) => o.reason,
      show: (o) =>
        o.reason === null ? <span class="muted">not given</span> : `${o.planned ? 'planned: ' : ''}${o.reason}`,
    },
  ];
  return (
    <>
      <PageHead
        title="Outages"
        note="from power events, readings and silence; indices by IEEE 1366 over the last year"
      />
      <Failures asked={[outages, year]} subject="A part of this page" />
      <Figures
        figures={[
          {
            label: 'Customers out',
            measure: open && { amount: String(open.reduce((sum, one) => sum + one.customersOut, 0)), unit: 'now' },
            note: open?.some(({ status }) => status === 'suspected') ? 'suspected ones counted' : ' ',
          },
          {
            label: 'Open outages',
            measure: open && { amount: String(open.length), unit: open.length === 1 ? 'outage' : 'outages' },
            note:
              open && open.length > 0
                ? `${open.filter(({ status }) => status === 'confirmed').length} confirmed`
                : 'none',
          },
          {
            label: 'SAIDI',
            measure: index(data?.unplannedWithoutMajorEvents.saidiMinutes, 'min a year'),
            note: data?.majorEventDays.length
              ? `${threeDigits(data.unplanned.saidiMinutes ?? 0)} with ${data.majorEventDays.length} major event days`
              : 'no major event day',
          },
          {
            label: 'SAIFI',
            measure: index(data?.unplannedWithoutMajorEvents.saifi, 'a year'),
            note: data ? `${data.unplanned.sustained} sustained, ${data.unplanned.momentary} momentary` : ' ',
          },
          {
            label: 'CAIDI',
            measure: index(data?.unplannedWithoutMajorEvents.caidiMinutes, 'min'),
            note: data && data.unplanned.sustained === 0 ? 'nobody was interrupted' : 'to restore a customer',
          },
        ]}
      />
      {rows ? (
        <List
          name="outages"
          title="Outages in the range"
          rows={rows}
          keyOf={(o) => o.outageId}
          hrefOf={(o) => link(`/outages/${o.outageId}`)}
          columns={columns}
          filter
          empty="No outage reaches into this range."
        />
      ) : (
        <Skeleton height={320} />
      )}
    </>
  );
};
