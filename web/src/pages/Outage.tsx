import { useState } from 'preact/hooks';
import type { Answer } from '../app/api.ts';
import { liveMs, useAction, useAnswer, useGroups } from '../app/data.ts';
import { link } from '../app/location.ts';
import { useRange } from '../app/range.ts';
import { ageName, instantName, shortTime } from '../app/times.ts';
import { Dialog, DialogEnd } from '../frame/Dialog.tsx';
import { type Column, List } from '../parts/list.tsx';
import { NetworkMap } from '../parts/NetworkMap.tsx';
import { durationName, isOpen, OutageStatus, outageName } from '../parts/outages.tsx';
import { Failures, Figures, PageHead, Panel, Skeleton } from '../parts/pieces.tsx';
import { Status } from '../parts/status.tsx';

type Detail = Answer<'getOutage'>;
type Part = Detail['interruptions'][number];

const CauseDialog = ({ outage, close }: { outage: Detail; close: () => void }) => {
  const action = useAction('setOutageCause');
  const [planned, setPlanned] = useState(outage.planned);
  const [reason, setReason] = useState(outage.reason ?? '');
  return (
    <Dialog label="Why this outage is" close={close}>
      <form
        class="form"
        onSubmit={async (event) => {
          event.preventDefault();
          const done = await action.run({ params: { outageId: outage.outageId }, body: { planned, reason } });
          if (done) close();
        }}
      >
        <label>
          Reason
          <input
            type="text"
            required
            minLength={3}
            maxLength={500}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input type="checkbox" checked={planned} onChange={(event) => setPlanned(event.currentTarget.checked)} />
          It was planned: counted apart in the indices
        </label>
        <DialogEnd error={action.error} close={close} busy={action.busy} verb="Save" />
      </form>
    </Dialog>
  );
};

const middleOf = ({ area }: Detail): { lat: number; lon: number } | undefined => {
  const ring = area?.coordinates[0];
  if (!ring) return undefined;
  const mean = (axis: 0 | 1) => ring.reduce((sum, point) => sum + point[axis], 0) / ring.length;
  return { lon: mean(0), lat: mean(1) };
};

export const OutagePage = ({ outageId }: { outageId: string }) => {
  const range = useRange();
  const { now, zone } = range;
  const asked = useAnswer('getOutage', { params: { outageId } }, liveMs);
  const network = useAnswer('getNetwork', {}, 60_000);
  const loading = useAnswer('getNetworkLoading', asked.data ? { query: { at: asked.data.from } } : undefined);
  const [explaining, setExplaining] = useState(false);
  const outage = asked.data;
  const operates = useGroups('operator', 'admin');
  const columns: readonly Column<Part>[] = [
    { label: 'Meter', plain: (p) => p.meterId, show: (p) => p.meterId },
    { label: 'Usage point', wide: true, plain: (p) => p.usagePointId, show: (p) => p.usagePointId },
    { label: 'Transformer', wide: true, plain: (p) => p.transformerId, show: (p) => p.transformerId },
    { label: 'Lost', plain: (p) => p.from, show: (p) => shortTime(Date.parse(p.from), now, zone) },
    {
      label: 'Back',
      plain: (p) => p.to,
      show: (p) =>
        p.to === null ? <Status name="critical" word="still out" /> : shortTime(Date.parse(p.to), now, zone),
    },
    { label: 'Lasted', numeric: true, plain: (p) => durationName(p, now), show: (p) => durationName(p, now) },
    {
      label: 'Evidence',
      wide: true,
      plain: (p) => (p.disputed ? 'disputed' : p.reported ? 'reported' : 'implied'),
      show: (p) =>
        p.disputed ? (
          <Status name="warn" word="disputed: energy was measured" />
        ) : p.reported ? (
          'reported by the meter'
        ) : (
          <span class="muted">implied by its neighbours</span>
        ),
    },
  ];
  return (
    <>
      <PageHead
        title={outage ? outageName(outage) : outageId}
        note={
          outage && (
            <>
              <OutageStatus status={outage.status} /> · feeder{' '}
              <a href={link(`/feeders/${outage.feederId}`)}>{outage.feederId}</a> ·{' '}
              {outage.reason === null ? 'cause not given' : `${outage.planned ? 'planned: ' : ''}${outage.reason}`}{' '}
              {operates && (
                <button type="button" class="button" onClick={() => setExplaining(true)}>
                  {outage.reason === null ? 'Say why' : 'Change'}
                </button>
              )}
            </>
          )
        }
      />
      <Failures asked={[asked, network]} subject="This outage" />
      {outage && explaining && <CauseDialog outage={outage} close={() => setExplaining(false)} />}
      <Figures
        figures={[
          {
            label: 'Customers',
            measure: outage && {
              amount: String(outage.customers),
              unit: outage.customers === 1 ? 'customer' : 'customers',
            },
            note:
              outage &&
              `of ${outage.transformerIds.length === 1 ? `transformer ${outage.transformerIds[0]}` : `${outage.transformerIds.length} transformers`}`,
          },
          {
            label: 'Still out',
            measure: outage && { amount: String(outage.customersOut), unit: '' },
            note: outage && (isOpen(outage) ? 'no return reported yet' : 'everybody is back'),
          },
          {
            label: 'Began',
            measure: outage && {
              amount: shortTime(Date.parse(outage.from), now, zone).split(' ').at(-1) ?? '',
              unit: '',
            },
            note: outage && instantName(Date.parse(outage.from), zone),
          },
          {
            label: outage && isOpen(outage) ? 'Lasts' : 'Lasted',
            measure: outage && {
              amount: durationName(outage, now).split(' ')[0] ?? '',
              unit: durationName(outage, now).split(' ')[1] ?? '',
            },
            note: outage?.to ? `until ${instantName(Date.parse(outage.to), zone)}` : 'so far',
          },
          {
            label: 'Restoration',
            measure: outage && {
              amount: String(outage.steps.length),
              unit: outage.steps.length === 1 ? 'step' : 'steps',
            },
            note: outage?.steps[0]
              ? `first after ${ageName(Date.parse(outage.steps[0].at) - Date.parse(outage.from))}`
              : 'none yet',
          },
        ]}
      />
      {network.data && outage ? (
        <Panel title="Where, with the loading when it began">
          <NetworkMap
            network={network.data}
            loading={loading.data}
            areas={outage.area ? [outage.area.coordinates] : []}
            focus={middleOf(outage)}
          />
        </Panel>
      ) : (
        <Skeleton height={420} />
      )}
      {outage ? (
        <List
          name={outageId}
          title="Customers"
          rows={outage.interruptions}
          keyOf={(p) => `${p.meterId} ${p.from}`}
          hrefOf={(p) => link(`/meters/${p.meterId}`)}
          columns={columns}
          filter
          empty="Nobody."
        />
      ) : (
        <Skeleton height={240} />
      )}
    </>
  );
};
