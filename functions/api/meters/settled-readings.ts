import type { Meter } from '../../../layers/contracts/api/meters.ts';
import { CHANNELS, kilowattHours, type QualityName } from '../../../layers/contracts/messages/channels.ts';
import { SETTLED_QUALITIES } from '../../../layers/contracts/vee/qualities.ts';
import { isoRange, type Range } from '../../../layers/domain/calendar/range.ts';
import type { SettledInterval } from '../../../layers/domain/settlement/settled-day.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { encodeCursor } from '../../../layers/runtime/cursor.ts';
import type { MeterPorts } from './meter-routes.ts';

/** The layer of the store that a settled interval stands for. */
const layerOf = ({ quality, method }: Pick<SettledInterval, 'quality' | 'method'>): QualityName =>
  method !== null ? 'estimated' : quality === 'edited' ? 'edited' : 'raw';

type Request = Parameters<UseCase<'getMeterReadings'>>[0];

/** A page of a meter's intervals as the latest settlement runs left them; what they hold open is a gap. */
export async function settledReadings(
  ports: Pick<MeterPorts, 'settlement'>,
  of: {
    meter: Meter & { meterNo: number };
    channel: Meter['channels'][number];
    query: Request['query'];
    range: Range;
    from: number;
  },
): Promise<Exclude<Awaited<ReturnType<UseCase<'getMeterReadings'>>>, Error>> {
  const { meter, channel, query, range } = of;
  const from = Math.max(range.from, of.from);
  const { code } = CHANNELS[channel.channel];
  const days = await ports.settlement.settledDays({ meterNo: meter.meterNo, channel: code, from, to: range.to });
  const intervalMs = channel.intervalMinutes * 60_000;
  const iso = (timeMs: number) => new Date(timeMs).toISOString();
  const all = days.flatMap(({ run, intervals }) => intervals.map((interval) => ({ ...interval, run })));
  const matching = all.flatMap(({ energyWh, ...rest }) =>
    energyWh === null || (query.quality !== undefined && layerOf(rest) !== query.quality)
      ? []
      : [{ ...rest, energyWh }],
  );
  const following = matching[query.limit];
  const until = following?.start ?? range.to;
  return {
    meterId: meter.meterId,
    channel: channel.channel,
    unit: channel.unit,
    intervalMinutes: channel.intervalMinutes,
    ...isoRange(range),
    intervals: matching.slice(0, query.limit).map(({ start, energyWh, quality, method, references, run }) => ({
      start: iso(start),
      end: iso(start + intervalMs),
      value: kilowattHours(energyWh),
      quality: layerOf({ quality, method }),
      version: run,
      settled: {
        quality,
        cim: SETTLED_QUALITIES[quality].cim,
        espi: SETTLED_QUALITIES[quality].espi,
        method,
        references,
      },
    })),
    gaps: all
      .filter(({ energyWh, start }) => energyWh === null && start < until)
      .map(({ start }) => ({ start: iso(start), end: iso(start + intervalMs), reason: 'missing' as const })),
    next: following ? encodeCursor(String(following.start)) : null,
  };
}
