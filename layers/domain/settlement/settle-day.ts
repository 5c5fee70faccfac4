import { QUALITIES } from '../../contracts/messages/channels.ts';
import { ESTIMATION_METHODS, type SettledQuality } from '../../contracts/vee/qualities.ts';
import { VEE_RULES, type VeeSeverity } from '../../contracts/vee/rules.ts';
import type { VeeSettings } from '../../contracts/vee/settings.ts';
import type { CalendarDay } from '../vee/day-calendar.ts';
import { type Estimate, type EstimationSources, estimateDay } from '../vee/estimation/estimate-day.ts';
import type { Finding } from '../vee/finding.ts';
import { startAt } from '../vee/series.ts';
import { type ValidationSources, validateDay } from '../vee/validate-day.ts';
import type { SettledInterval } from './settled-day.ts';

export interface DaySources extends ValidationSources, Pick<EstimationSources, 'check' | 'profile' | 'powerEvents'> {}

export interface JudgedDay {
  intervals: SettledInterval[];
  findings: Finding[];
  billable: boolean;
}

/**
 * Validates a day, estimates what is missing, and says of each interval what it is. Only an estimate resolves a missing
 * interval; what a failed rule covers is suspect and held. What is stored is never changed.
 */
export function settleDay(sources: DaySources, day: CalendarDay, settings: VeeSettings): JudgedDay {
  const { history } = sources;
  const { series } = history;
  const span = history.span(day);
  const findings = validateDay(sources, day, settings.rules);
  const estimates = new Map(
    estimateDay({ ...sources, segments: sources.aligned }, span, settings.estimation).map((one) => [one.index, one]),
  );
  const touches = coverage(findings);
  const intervals: SettledInterval[] = [];
  for (let index = span.first; index < span.end; index++) {
    if (!history.expects(index)) continue;
    const [start, end] = [startAt(series, index), startAt(series, index + 1)];
    const estimate = estimates.get(index);
    if (estimate) intervals.push({ start, ...estimated(estimate) });
    else {
      const stored = series.quality[index] as number;
      const energyWh = series.energyWh[index] as number;
      const isSource = stored === QUALITIES.estimated;
      const quality = storedQuality(stored, (severity) => touches(severity, start, end));
      intervals.push({ start, energyWh, quality, method: isSource ? 'SOURCE' : null, references: 0 });
    }
  }
  const open = intervals.some(({ energyWh, quality }) => energyWh === null || quality === 'suspect');
  const held = findings.some(({ rule }) => VEE_RULES[rule].severity === 'hold');
  return { intervals, findings, billable: !open && !held };
}

const estimated = ({ energyWh, method, references }: Estimate): Omit<SettledInterval, 'start'> => ({
  energyWh,
  quality: method === null ? 'missing' : ESTIMATION_METHODS[method].quality,
  method,
  references,
});

function storedQuality(stored: number, touched: (severity: VeeSeverity) => boolean): SettledQuality {
  if (touched('fail')) return 'suspect';
  if (stored === QUALITIES.estimated) return 'estimated';
  if (stored === QUALITIES.edited) return 'edited';
  return touched('review') ? 'questionable' : 'validated';
}

/** Whether a finding of a severity covers an interval. A missing interval says nothing of those that are there. */
function coverage(findings: readonly Finding[]): (severity: VeeSeverity, start: number, end: number) => boolean {
  const covering = findings.filter(({ rule }) => rule !== 'MISSING_INTERVAL');
  return (severity, start, end) =>
    covering.some(({ rule, from, to }) => VEE_RULES[rule].severity === severity && from < end && to > start);
}
