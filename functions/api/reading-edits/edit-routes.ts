import {
  CHANNEL_BY_CODE,
  CHANNELS,
  ENERGY_SCALE,
  kilowattHours,
  QUALITY_BY_CODE,
} from '../../../layers/contracts/messages/channels.ts';
import { EARLIEST_TIME_MS, MAX_AHEAD_MS } from '../../../layers/contracts/messages/limits.ts';
import {
  type Edited,
  type EditReadingPorts,
  type EditRefusal,
  type EditRequest,
  editReading,
  type NamedInterval,
  openProposal,
  stateTag,
} from '../../../layers/domain/editing/edit-reading.ts';
import type { EditedInterval, ReadingEdit } from '../../../layers/domain/editing/edit-store.ts';
import type { TopologyReader } from '../../../layers/domain/network/topology-store.ts';
import { MINUTE_MS } from '../../../layers/domain/readings/calendar-day.ts';
import type { UseCase, UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import type { Caller } from '../../../layers/runtime/caller.ts';

export interface EditPorts extends EditReadingPorts {
  topology: Pick<TopologyReader, 'findMeter'>;
}

type Routes = 'getReading' | 'editReading' | 'decideReadingEdit' | 'listReadingEditProposals';

/** Use cases of single readings: their history, edits, and decisions on proposed edits. */
export function editRoutes(ports: EditPorts): UseCases<Routes> {
  const editing = editReading(ports);
  const answered = (interval: NamedInterval, edited: Edited) =>
    edited.ok ? historyOf(interval, edited.interval) : refusal(edited.refusal, edited.tag);
  return {
    async getReading({ params }) {
      const interval = await namedInterval(ports, params);
      return interval instanceof ApiProblem ? interval : historyOf(interval, await editing.find(interval));
    },
    async editReading({ params, headers, body: { value, reason }, ...request }) {
      const interval = await namedInterval(ports, params);
      if (interval instanceof ApiProblem) return interval;
      if (interval.start + interval.intervalMinutes * MINUTE_MS > request.now + MAX_AHEAD_MS) {
        return invalid('ends in the future', params.intervalStart);
      }
      const energyWh = Math.round(value * ENERGY_SCALE);
      return answered(interval, await editing.edit(interval, energyWh, asked(request, headers, reason)));
    },
    async decideReadingEdit({ params, headers, body: { decision, reason }, ...request }) {
      const interval = await namedInterval(ports, params);
      if (interval instanceof ApiProblem) return interval;
      return answered(interval, await editing.decide(interval, decision, asked(request, headers, reason)));
    },
    async listReadingEditProposals({ query: { limit } }) {
      const found = await ports.edits.proposals({ limit });
      const items = found.flatMap(({ meterId, channel, start, edit }) => {
        const name = CHANNEL_BY_CODE[channel];
        return name ? [{ meterId, channel: name, start: iso(start), proposal: editOf(edit) }] : [];
      });
      return { items };
    },
  };
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

const asked = (
  { caller, now }: { caller: Caller; now: number },
  headers: { 'if-match': string },
  reason: string,
): EditRequest => ({
  ifMatch: headers['if-match'].slice(1, -1),
  reason,
  actor: { subject: caller.subject, clientId: caller.clientId },
  at: now,
});

const refusal = (why: EditRefusal, tag: string): ApiProblem => {
  switch (why) {
    case 'changed':
      return apiProblem('precondition-failed', `The reading is another by now ("${tag}"): look at it again`);
    case 'no-proposal':
      return apiProblem('conflict', 'No edit of this reading waits for a decision');
    case 'same-person':
      return apiProblem('forbidden', 'A second person has to approve an edit');
  }
};

const invalid = (message: string, value: string): ApiProblem =>
  apiProblem('invalid-request', 'See violations', [{ path: 'path.intervalStart', message, value }]);

/** The interval that a path names, or what is wrong with the name. */
async function namedInterval(
  { topology }: Pick<EditPorts, 'topology'>,
  { meterId, channel, intervalStart }: Parameters<UseCase<'getReading'>>[0]['params'],
): Promise<NamedInterval | ApiProblem> {
  const meter = await topology.findMeter(meterId);
  if (!meter) return apiProblem('not-found', `There is no meter ${meterId}`);
  const registered = meter.channels.find((one) => one.channel === channel);
  if (!registered) return apiProblem('not-found', `Meter ${meterId} has no channel ${channel}`);
  const { intervalMinutes } = registered;
  const start = Date.parse(intervalStart);
  if (start % (intervalMinutes * MINUTE_MS) !== 0) {
    return invalid(`must be on a multiple of ${intervalMinutes} minutes`, intervalStart);
  }
  if (start < EARLIEST_TIME_MS) return invalid('is before any interval metering', intervalStart);
  const { code } = CHANNELS[channel];
  return { meterId, channelName: channel, meterNo: meter.meterNo, channel: code, start, intervalMinutes };
}

const editOf = ({ energyWh, previousWh, actor, at, basedOn: _, ...edit }: ReadingEdit) => ({
  ...edit,
  ...actor,
  value: kilowattHours(energyWh),
  previousValue: previousWh === undefined ? null : kilowattHours(previousWh),
  at: iso(at),
});

function historyOf({ meterId, channelName, start, intervalMinutes }: NamedInterval, found: EditedInterval) {
  const versions = found.versions.map(({ energyWh, quality, revision, recordedAt }) => ({
    value: kilowattHours(energyWh),
    quality: QUALITY_BY_CODE[quality] ?? ('raw' as const),
    version: revision,
    recordedAt: iso(recordedAt),
  }));
  const proposal = openProposal(found);
  return {
    meterId,
    channel: channelName,
    unit: CHANNELS[channelName].unit,
    start: iso(start),
    end: iso(start + intervalMinutes * MINUTE_MS),
    etag: `"${stateTag(found)}"`,
    value: versions[0]?.value ?? null,
    quality: versions[0]?.quality ?? null,
    proposal: proposal ? editOf(proposal) : null,
    versions,
    edits: found.edits.map(editOf),
  };
}
