import { RULE_OF_REASON, type VeeRuleName } from '../../layers/contracts/vee/rules.ts';
import { validateIntervalReadings } from '../../layers/domain/readings/interval-validation.ts';
import { ReadingColumns } from '../../layers/domain/readings/reading-columns.ts';
import { type IntervalSeries, startAt } from '../../layers/domain/vee/series.ts';

interface Message {
  meterId: string;
  channel: string;
  unit: string;
  intervalMinutes: number;
  start: string;
  value: number;
}

/** Faults that a message shows by itself. */
const SPOILT: Partial<Record<VeeRuleName, (message: Message, random: () => number) => Message>> = {
  INTERVAL_SIZE: (message) => ({ ...message, intervalMinutes: 15 }),
  UNIT_OR_MULTIPLIER: (message) => ({ ...message, unit: 'kvarh' }),
  NEGATIVE: (message, random) => ({ ...message, value: -message.value - (1 + Math.floor(random() * 1000)) / 1000 }),
  FUTURE_TIME: (message, random) => ({
    ...message,
    start: new Date(Date.parse(message.start) + (2 + Math.floor(random() * 96)) * 1_800_000).toISOString(),
  }),
};
export const STREAM_RULES = Object.keys(SPOILT) as VeeRuleName[];

/** Rules that the stream's own validation finds in a message. */
function rulesFound(message: Message, receivedAt: number): Set<VeeRuleName> {
  const registered = { meterNo: 1, intervalMinutes: [0, 30] };
  const judgement = { receivedAt, ownerId: undefined, meter: () => registered, inexact: new Set<string>() };
  const reasons = validateIntervalReadings({ ...message }, judgement, new ReadingColumns(4));
  return new Set(reasons.flatMap(({ code }) => RULE_OF_REASON[code] ?? []));
}

export interface Counts {
  found: number;
  missed: number;
  /** Found where no fault is. */
  false: number;
  /** Judged without a fault: meter-days, or messages in the stream. */
  clean: number;
  /** Found on the data as they are. */
  background: number;
}

/** One message in ten is spoilt, by each rule in turn; the others must pass. */
export function judgeStream(meters: readonly { meterId: string; series: IntervalSeries }[], random: () => number) {
  const counts = new Map<VeeRuleName, Counts>(
    STREAM_RULES.map((rule) => [rule, { found: 0, missed: 0, false: 0, clean: 0, background: 0 }]),
  );
  let turn = 0;
  for (const { meterId, series } of meters) {
    for (let index = 0; index < series.quality.length; index += 7) {
      if (series.quality[index] === 0) continue;
      const start = startAt(series, index);
      const head = { meterId, channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 };
      const good = { ...head, start: new Date(start).toISOString(), value: (series.energyWh[index] as number) / 1000 };
      const spoil = random() < 0.1 ? (STREAM_RULES[turn++ % STREAM_RULES.length] as VeeRuleName) : undefined;
      const message = spoil ? (SPOILT[spoil] as (typeof SPOILT)['NEGATIVE'] & object)(good, random) : good;
      const found = rulesFound(message, start + 1_860_000);
      for (const rule of STREAM_RULES) {
        const sums = counts.get(rule) as Counts;
        if (rule === spoil) found.has(rule) ? sums.found++ : sums.missed++;
        else if (found.has(rule)) spoil ? sums.false++ : sums.background++;
        if (!spoil) sums.clean += 1;
      }
    }
  }
  return counts;
}
