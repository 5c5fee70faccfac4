import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { loadFeatures, type Weather } from '../../layers/domain/forecasting/load-features.ts';
import { slotAt, toGrid } from '../../layers/domain/forecasting/load-grid.ts';
import { DAY_MS } from '../../layers/domain/readings/calendar-day.ts';
import { Combination, type Combined, type MemberForecast } from '../../models/forecast/combination.ts';
import { pointMembers } from '../../models/forecast/member-forecast.ts';
import { basesFor } from '../../models/forecast/series-walk.ts';
import { DEFAULT_SETTINGS, type ForecastSettings } from '../../models/forecast/settings.ts';
import { type ForecastSet, readForecastSet } from '../forecast/protocol.ts';
import type { WindowForecast, WindowTask } from '../forecast/window-worker.ts';
import { dayOf, windowsOf } from '../forecast/windows.ts';
import { progressBar } from '../progress-bar.ts';

export const name = 'forecast';
export const summary = 'forecasts the series of a protocol from each of its origins, with one set of settings';

const HELP = `npm run evaluate -- forecast --protocol FILE --set NAME --weather none|perfect --out FILE

  --protocol FILE  sets of series and origins (JSON); data files relative to it, columns time, <series> …, temperature_c?, holiday?
  --set NAME       the set to forecast
  --weather        none: no temperature at or after an origin; perfect: the temperatures that came are known
  --out FILE       series,origin,target,point,p10,p50,p90; compressed when the name ends in .gz
  --threads N      worker threads (2)
  --help           this text

An origin uses what lies before it, the calendar, and with perfect weather the temperatures. Two runs write the same bytes.
`;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      protocol: { type: 'string' },
      set: { type: 'string' },
      weather: { type: 'string' },
      out: { type: 'string' },
      threads: { type: 'string', default: '2' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const { protocol, set: setName, weather: weatherName, out, threads } = values;
  if (protocol === undefined || setName === undefined || out === undefined) {
    throw new Error(`--protocol, --set and --out are needed\n\n${HELP}`);
  }
  if (weatherName !== 'none' && weatherName !== 'perfect') throw new Error('--weather is none or perfect');
  const weather: Weather = weatherName === 'perfect' ? 'known' : 'none';
  const set = readForecastSet(protocol, setName);
  const settings = { ...DEFAULT_SETTINGS, horizonDays: Math.min(7, Math.ceil(set.horizonMs / DAY_MS)) };
  const lines = ['series,origin,target,point,p10,p50,p90'];
  for (const [issueSlot, origins] of byIssueSlot(set)) {
    const run = { ...set, origins };
    const task = { protocol, set: setName, weather, issueSlot, settings };
    const forecasts = await memberForecasts(run, task, Number(threads));
    for (const series of set.series.keys()) lines.push(...combineSeries(run, series, issueSlot, settings, forecasts));
  }
  const text = `${lines.join('\n')}\n`;
  writeFileSync(out, out.endsWith('.gz') ? gzipSync(text) : text);
  console.log(`${(lines.length - 1).toLocaleString('en')} forecasts of ${set.series.length} series written to ${out}`);
}

/** Origins by their slot of the day. */
function byIssueSlot(set: ForecastSet): Map<number, number[]> {
  return Map.groupBy(set.origins, (origin) =>
    Math.floor((origin + set.offsetMs - dayOf(set, origin) * DAY_MS) / set.stepMs),
  );
}

/** Forecasts of the members by series and day, made by threads that take the windows in turn. */
async function memberForecasts(
  set: ForecastSet,
  task: Omit<WindowTask, 'windows'>,
  threads: number,
): Promise<Map<number, Map<number, WindowForecast>>> {
  const windows = windowsOf(set);
  const bar = progressBar(windows.length, 'windows');
  const found = new Map<number, Map<number, WindowForecast>>(set.series.map((_, index) => [index, new Map()]));
  await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const workerData: WindowTask = { ...task, windows: windows.filter((_, index) => index % threads === thread) };
      const worker = new Worker(new URL('../forecast/window-worker.ts', import.meta.url), { workerData });
      worker.on('message', (forecasts: WindowForecast[]) => {
        for (const forecast of forecasts) found.get(forecast.series)?.set(forecast.day, forecast);
        bar.advance(1);
      });
      return new Promise<void>((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))));
      });
    }),
  );
  bar.end();
  return found;
}

/** Joins the members of one series day by day: each day learns from the outcomes of the days before it. */
function combineSeries(
  set: ForecastSet,
  series: number,
  issueSlot: number,
  settings: ForecastSettings,
  forecasts: ReadonlyMap<number, ReadonlyMap<number, WindowForecast>>,
): string[] {
  const { name, start, values } = set.series[series] as ForecastSet['series'][number];
  const offset = () => set.offsetMs;
  const grid = toGrid(
    { start, stepMs: set.stepMs, values },
    { offset, days: settings.horizonDays + 1, isHoliday: (day) => set.holidays.has(day) },
  );
  const features = loadFeatures(grid, 'none');
  const { slotsPerDay, firstDay } = grid;
  const { horizonDays } = settings;
  const members = pointMembers(basesFor(settings));
  const combination = new Combination({ horizonDays, slotsPerDay, members });
  const made = new Map<number, { forecast: MemberForecast; combined: Combined; origin: number; level: number }>();
  const wanted = new Map(set.origins.map((origin) => [dayOf(set, origin), origin]));
  const lines: string[] = [];
  const before = Math.floor(((set.origins[0] as number) - start) / set.stepMs);
  const nonNegative = !values.subarray(0, Math.max(0, before)).some((value) => value < 0);
  for (const { from, to } of windowsOf(set)) {
    for (let day = from; day < to; day++) {
      for (let ahead = 0; ahead < horizonDays; ahead++) {
        const past = made.get(day - ahead - 1);
        if (past === undefined) continue;
        const first = past.origin + ahead * slotsPerDay;
        const actuals = Float64Array.from(
          { length: slotsPerDay },
          (_, slot) => (grid.values[first + slot] ?? Number.NaN) / past.level,
        );
        combination.learn(ahead, past.forecast, past.combined, actuals);
      }
      const forecast = forecasts.get(series)?.get(day);
      const originSlot = (day - firstDay) * slotsPerDay + issueSlot;
      const level = features.level(originSlot);
      const combined = forecast && combination.combine(forecast);
      if (forecast && combined) made.set(day, { forecast, combined, origin: originSlot, level });
      const origin = wanted.get(day);
      if (origin === undefined) continue;
      const idle = features.idle(originSlot);
      const stamp = new Date(origin).toISOString();
      for (let target = origin; target < origin + set.horizonMs; target += set.stepMs) {
        const step = slotAt(grid, offset, target) - originSlot;
        const of = (numbers: Float64Array | undefined) => {
          const relative = numbers?.[step] ?? Number.NaN;
          const load = (Number.isNaN(relative) ? 1 : relative) * (idle ? 0 : level);
          return nonNegative ? Math.max(0, load) : load;
        };
        const numbers = [combined?.point, combined?.low, combined?.point, combined?.high].map(of);
        lines.push(
          `${name},${stamp},${new Date(target).toISOString()},${numbers.map((one) => Number(one.toPrecision(7))).join(',')}`,
        );
      }
    }
  }
  return lines;
}
