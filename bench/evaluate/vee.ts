import { parseArgs } from 'node:util';
import { VEE_RULE_NAMES, type VeeRuleName } from '../../layers/contracts/vee/rules.ts';
import { DEFAULT_VEE_SETTINGS } from '../../layers/contracts/vee/settings.ts';
import { alignedSegments, registerEnergy } from '../../layers/domain/registers/register-energy.ts';
import { DayCalendar } from '../../layers/domain/vee/day-calendar.ts';
import type { Finding } from '../../layers/domain/vee/finding.ts';
import { MeterHistory } from '../../layers/domain/vee/meter-history.ts';
import { startAt } from '../../layers/domain/vee/series.ts';
import { validateDay } from '../../layers/domain/vee/validate-day.ts';
import { exchangeMeter, type Fault, INJECTIONS } from '../vee/faults.ts';
import { households, seeded, TIME_ZONE } from '../vee/households.ts';
import { MODEL, type ModelMeter, modelMeter } from '../vee/meter-model.ts';
import { type Counts, judgeStream } from '../vee/stream-faults.ts';

export const name = 'vee';
export const summary =
  'validation rules against injected, labelled faults in real meters: F1 per rule, exceptions on clean data';

const HELP = `npm run evaluate -- vee [flags]

  Puts faults of every rule into the fifty real households, one rule at a time, and judges every meter-day. Intervals are
  the real ones; registers, reactive energy and receipts are made up around them. Meter exchanges and register rollovers
  happen everywhere, and are no faults.

  --seed N       which faults (default 7; the thresholds were chosen on seeds 1 and 2)
  --rule NAME    this rule alone
  --json         figures as one JSON document
  --help         this text

  found, missed  faults with and without a finding of their rule
  false          findings of the rule where no fault was put, that the clean data do not have
  F1             of found, missed and false
  precision      found of found and false; strict: with what the rule finds in the clean data counted as false. What it finds there
                 nobody has labelled: real households have spikes and empty days, so the truth lies between the two
  F1 strict      F1 by the strict count
  clean          exceptions of the rule per 1,000 meter-days (messages in the stream) of the data as they are
`;

const { rules: LIMITS, registers: REGISTERS } = DEFAULT_VEE_SETTINGS;
const SETTINGS = DEFAULT_VEE_SETTINGS;
/** Days between faults of one meter: none is judged by what another left in its history. */
const SPACING_DAYS = 40;
const HISTORY_DAYS = 42;
const TARGET_F1 = 0.9;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string', default: '7' },
      rule: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const seed = Number(values.seed);
  const wanted = values.rule === undefined ? VEE_RULE_NAMES : VEE_RULE_NAMES.filter((rule) => rule === values.rule);
  if (wanted.length === 0) throw new Error(`no rule ${values.rule}; there are ${VEE_RULE_NAMES.join(', ')}`);
  const meters = households();
  const calendar = new DayCalendar(TIME_ZONE, SETTINGS.settlement.holidays);
  const counts = judgeStream(meters, seeded(seed));
  const injected = wanted.filter((rule) => INJECTIONS[rule]);
  const passes = injected.length + 1;
  const clean = judgeAll(meters, { seed, calendar, rule: undefined, say: bar('clean data', 0, passes) });
  injected.forEach((rule, place) => {
    const faulty = judgeAll(meters, { seed, calendar, rule, say: bar(rule, place + 1, passes) });
    counts.set(rule, compared(rule, faulty, clean));
  });
  const rows = wanted.flatMap((rule) => {
    const sums = counts.get(rule);
    return sums ? [{ rule, ...figures(sums) }] : [];
  });
  process.stdout.write(values.json ? `${JSON.stringify({ seed, rows }, null, 2)}\n` : table(rows, clean.meterDays));
  const short = rows.filter(({ f1 }) => !(f1 >= TARGET_F1)).map(({ rule }) => rule);
  if (short.length > 0) throw new Error(`F1 below ${TARGET_F1}: ${short.join(', ')}`);
}

interface Judged {
  findings: Map<string, Finding[]>;
  faults: Map<string, Fault[]>;
  meterDays: number;
}

function judgeAll(
  meters: ReturnType<typeof households>,
  pass: { seed: number; calendar: DayCalendar; rule: VeeRuleName | undefined; say: (share: number) => void },
): Judged {
  const judged: Judged = { findings: new Map(), faults: new Map(), meterDays: 0 };
  meters.forEach(({ meterId, series }, place) => {
    pass.say(place / meters.length);
    const days = localDays(series, pass.calendar);
    const midnights = days.map(({ period }) => period.start);
    // The model, its exchanges and rollovers are the same with and without faults.
    const random = seeded(pass.seed * 1000 + place);
    const meter = modelMeter(meterId, series, midnights, random);
    const exchanges = midnights.filter((_, n) => n % SPACING_DAYS === 20);
    for (const at of exchanges) exchangeMeter(meter, indexOf(meter, at), random);
    if (pass.rule) judged.faults.set(meterId, inject(meter, pass.rule, days, seeded(pass.seed * 7919 + place)));
    const found = judgeMeter(meter, pass.calendar, days.slice(HISTORY_DAYS));
    judged.findings.set(meterId, found);
    judged.meterDays += Math.max(0, days.length - HISTORY_DAYS);
  });
  pass.say(1);
  return judged;
}

const indexOf = ({ series }: ModelMeter, timeMs: number): number => Math.round((timeMs - series.start) / 1_800_000);

function localDays(series: ModelMeter['series'], calendar: DayCalendar) {
  const last = startAt(series, series.quality.length);
  const days = [];
  for (let day = calendar.dayAt(series.start + 86_400_000); day.period.end <= last; ) {
    days.push(day);
    day = calendar.day(day.localDay + 1);
  }
  return days;
}

/** Faults at least so many days apart, on whole days that a rule can be expected to judge. */
function inject(
  meter: ModelMeter,
  rule: VeeRuleName,
  days: ReturnType<typeof localDays>,
  random: () => number,
): Fault[] {
  const put = INJECTIONS[rule];
  const faults: Fault[] = [];
  for (let n = HISTORY_DAYS + Math.floor(random() * 20); put && n < days.length - 14; ) {
    const first = indexOf(meter, days[n]?.period.start ?? 0);
    const fault = usual(meter, first) ? put(meter, first, random) : undefined;
    if (fault) faults.push(fault);
    n += fault ? SPACING_DAYS + Math.floor(random() * 10) : 1;
  }
  return faults;
}

/** Whether the next days are whole and used, and most of the four weeks before as well. */
function usual({ series }: ModelMeter, first: number): boolean {
  const dayWh = (n: number): number => {
    let sum = 0;
    for (let index = first + n * 48; index < first + (n + 1) * 48; index++) sum += series.energyWh[index] ?? Number.NaN;
    return sum;
  };
  if ([0, 1, 2].some((n) => !(dayWh(n) > LIMITS.highLow.minMeanWh))) return false;
  const before = Array.from({ length: 28 }, (_, n) => dayWh(n - 28));
  return before.filter((energyWh) => energyWh > LIMITS.highLow.minMeanWh).length >= 21;
}

function judgeMeter(meter: ModelMeter, calendar: DayCalendar, days: ReturnType<typeof localDays>): Finding[] {
  const { series, reactive, reads, services } = meter;
  const history = new MeterHistory({ series, calendar, flow: 'forward', services, outages: [] });
  const form = {
    from: 0,
    to: null,
    digits: MODEL.registerDigits,
    resolutionWh: MODEL.registerResolutionWh,
    multiplier: 1,
  };
  const segments = registerEnergy(reads, { forms: [form], ratingKva: MODEL.ratingKva }, REGISTERS);
  const aligned = alignedSegments(segments, 1_800_000, REGISTERS.alignmentSeconds * 1000);
  const near = <Item extends { to: number }>(list: readonly Item[], { start, end }: { start: number; end: number }) =>
    list.filter(({ to }) => to > start && to <= end);
  const found = new Map<string, Finding>();
  for (const day of days) {
    const sources = {
      history,
      reactive,
      ratingKva: MODEL.ratingKva,
      segments: near(segments, day.period),
      aligned: near(aligned, day.period),
      outages: [],
      serviceFrom: series.start,
    };
    // One exception per rule and beginning, as the store keeps them.
    for (const finding of validateDay(sources, day, LIMITS)) found.set(`${finding.rule}/${finding.from}`, finding);
  }
  return [...found.values()];
}

function compared(rule: VeeRuleName, faulty: Judged, clean: Judged): Counts {
  const counts: Counts = { found: 0, missed: 0, false: 0, clean: clean.meterDays, background: 0 };
  const meets = (a: { from: number; to: number }, b: { from: number; to: number }) => a.from < b.to && b.from < a.to;
  for (const [meterId, findings] of faulty.findings) {
    const own = findings.filter((finding) => finding.rule === rule);
    const known = (clean.findings.get(meterId) ?? []).filter((finding) => finding.rule === rule);
    const faults = faulty.faults.get(meterId) ?? [];
    for (const fault of faults) {
      // What the rule says of the clean data at this place is no proof that it saw the fault.
      const fresh = own.filter((finding) => !known.some(({ from, to }) => from === finding.from && to === finding.to));
      if (fresh.some((finding) => meets(finding, fault))) counts.found += 1;
      else counts.missed += 1;
    }
    counts.background += known.length;
    for (const finding of own) {
      if (faults.some((fault) => meets(finding, fault)) || known.some(({ from }) => from === finding.from)) continue;
      counts.false += 1;
    }
  }
  return counts;
}

const figures = ({ found, missed, false: wrong, clean, background }: Counts) => ({
  faults: found + missed,
  found,
  missed,
  false: wrong,
  precision: found / (found + wrong),
  strictPrecision: found / (found + wrong + background),
  f1: (2 * found) / (2 * found + missed + wrong),
  strictF1: (2 * found) / (2 * found + missed + wrong + background),
  cleanPerThousand: (1000 * background) / clean,
});

function table(rows: ({ rule: VeeRuleName } & ReturnType<typeof figures>)[], meterDays: number): string {
  const head = ['faults', 'found', 'missed', 'false', 'precision', 'strict', 'F1', 'F1 strict', 'clean ‰'];
  const line = (rule: string, cells: readonly string[]) =>
    `${rule.padEnd(22)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  const body = rows.map((row) =>
    line(row.rule, [
      ...[row.faults, row.found, row.missed, row.false].map(String),
      ...[row.precision, row.strictPrecision, row.f1, row.strictF1, row.cleanPerThousand].map((one) => one.toFixed(3)),
    ]),
  );
  return `${line(`${meterDays} meter-days`, head)}\n${body.join('\n')}\n`;
}

/** A bar on a terminal. */
const bar = (what: string, pass: number, passes: number) => (share: number) => {
  if (!process.stderr.isTTY) return;
  const filled = Math.round(((pass + share) / passes) * 20);
  process.stderr.write(`\r\u001b[K  ${'█'.repeat(filled)}${'░'.repeat(20 - filled)} ${what}`);
  if (share === 1) process.stderr.write('\r\u001b[K');
};
