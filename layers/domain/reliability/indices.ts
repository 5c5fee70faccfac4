import { MINUTE_MS } from '../readings/calendar-day.ts';

/** One customer without supply, [from, to), epoch ms; what still goes on ends now. */
export interface CustomerOutage {
  from: number;
  to: number;
  planned: boolean;
}

/** Reliability indices of IEEE 1366-2012, clause 3. Null where the formula divides by nothing. */
export interface Indices {
  /** Mean minutes without supply of a customer served; sustained interruptions only. */
  saidiMinutes: number | null;
  /** Sustained interruptions per customer served. */
  saifi: number | null;
  /** Mean minutes to restore one. */
  caidiMinutes: number | null;
  /** Momentary interruptions per customer served. */
  maifi: number | null;
  /** Customer interruptions and customer minutes that they are made of. */
  sustained: number;
  momentary: number;
  customerMinutes: number;
}

/** A local day on which so much went wrong that it is told apart (IEEE 1366-2012, 3.13 and annex B). */
export interface MajorEventDay {
  localDay: number;
  saidiMinutes: number;
}

export interface Reliability {
  unplanned: Indices;
  unplannedWithoutMajorEvents: Indices;
  planned: Indices;
  majorEventDays: MajorEventDay[];
  /** T_MED; null while history has fewer than two days with interruptions. */
  majorEventThresholdMinutes: number | null;
}

export interface ReliabilityQuestion {
  /** Those that begin in the period. Durations count to the day on which the interruption began (IEEE 1366-2012, 4.4). */
  outages: readonly CustomerOutage[];
  /** Those of the years before it, unplanned ones counting: five sequential years where there are so many. */
  history: readonly CustomerOutage[];
  /** Mean number of energised usage points over the period. */
  customers: number;
  /** Up to this long an interruption is momentary. */
  momentaryMinutes: number;
  /** Local day of an instant. */
  localDayOf: (timeMs: number) => number;
  /** Energised usage points on a local day of the history or the period. */
  customersOn: (localDay: number) => number;
}

export function reliabilityOf(question: ReliabilityQuestion): Reliability {
  const { outages, history, customers, momentaryMinutes } = question;
  const unplanned = outages.filter(({ planned }) => !planned);
  const threshold = majorEventThreshold([...dailySaidi(history, question).values()]);
  const majorEventDays = [...dailySaidi(unplanned, question)]
    .filter(([, saidiMinutes]) => threshold !== null && saidiMinutes > threshold)
    .map(([localDay, saidiMinutes]) => ({ localDay, saidiMinutes }))
    .sort((a, b) => a.localDay - b.localDay);
  const major = new Set(majorEventDays.map(({ localDay }) => localDay));
  const ordinary = unplanned.filter(({ from }) => !major.has(question.localDayOf(from)));
  const over = (some: readonly CustomerOutage[]) => indicesOf(some, customers, momentaryMinutes);
  return {
    unplanned: over(unplanned),
    unplannedWithoutMajorEvents: over(ordinary),
    planned: over(outages.filter(({ planned }) => planned)),
    majorEventDays,
    majorEventThresholdMinutes: threshold,
  };
}

const minutesOf = ({ from, to }: CustomerOutage): number => (to - from) / MINUTE_MS;

function indicesOf(outages: readonly CustomerOutage[], customers: number, momentaryMinutes: number): Indices {
  const sustained = outages.filter((one) => minutesOf(one) > momentaryMinutes);
  const momentary = outages.length - sustained.length;
  const customerMinutes = sustained.reduce((sum, one) => sum + minutesOf(one), 0);
  const each = (count: number) => (customers > 0 ? count / customers : null);
  return {
    saidiMinutes: each(customerMinutes),
    saifi: each(sustained.length),
    caidiMinutes: sustained.length > 0 ? customerMinutes / sustained.length : null,
    maifi: each(momentary),
    sustained: sustained.length,
    momentary,
    customerMinutes,
  };
}

/** SAIDI of each local day on which an unplanned sustained interruption began, minutes. */
function dailySaidi(outages: readonly CustomerOutage[], question: ReliabilityQuestion): Map<number, number> {
  const days = new Map<number, number>();
  for (const one of outages) {
    if (one.planned || minutesOf(one) <= question.momentaryMinutes) continue;
    const day = question.localDayOf(one.from);
    const customers = question.customersOn(day);
    if (customers > 0) days.set(day, (days.get(day) ?? 0) + minutesOf(one) / customers);
  }
  return days;
}

/**
 * T_MED = exp(α + 2.5 β): mean and standard deviation of the logarithms of the days' SAIDI, days without any left out.
 * Source: IEEE 1366-2012, 4.5 (the "2.5 beta method"); β is the sample standard deviation.
 * @param saidiMinutes daily SAIDI of the history, above zero. @returns minutes; null below two days.
 */
export function majorEventThreshold(saidiMinutes: readonly number[]): number | null {
  const logs = saidiMinutes.filter((minutes) => minutes > 0).map(Math.log);
  if (logs.length < 2) return null;
  const alpha = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const beta = Math.sqrt(logs.reduce((sum, log) => sum + (log - alpha) ** 2, 0) / (logs.length - 1));
  return Math.exp(alpha + 2.5 * beta);
}
