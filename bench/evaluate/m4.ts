import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { loadFeatures } from '../../layers/domain/forecasting/load-features.ts';
import { toGrid } from '../../layers/domain/forecasting/load-grid.ts';
import { DAY_MS } from '../../layers/domain/readings/calendar-day.ts';
import { Combination } from '../../models/forecast/combination.ts';
import { memberForecast, pointMembers } from '../../models/forecast/member-forecast.ts';
import { SeriesWalk } from '../../models/forecast/series-walk.ts';
import { DEFAULT_SETTINGS } from '../../models/forecast/settings.ts';
import { growTreeMembers } from '../../models/forecast/tree-members.ts';
import { readM4 } from '../forecast/m4-series.ts';
import { progressBar } from '../progress-bar.ts';

export const name = 'm4';
export const summary = 'forecasts the 48 hours after each hourly series of the M4 competition, with the same settings';

const HELP = `npm run evaluate -- m4 --train FILE --out FILE

  --train FILE  a header line, then id,value,value,… of an hourly series a line (.csv or .csv.gz)
  --out FILE    id,f1,…,f48; compressed when the name ends in .gz
  --hold-out N  forecasts the last 48 hours but 24 N instead, to choose settings by (0)
  --help        this text

The series carry no dates: each ends at a midnight of its own calendar.
`;

const HOUR_MS = 3_600_000;
const STEPS = 48;
/** Days before the end at which trees are grown first: the outcomes after it weigh the members. */
const CUTS = [7];

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      train: { type: 'string' },
      out: { type: 'string' },
      'hold-out': { type: 'string', default: '0' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  if (values.train === undefined || values.out === undefined)
    throw new Error(`--train and --out are needed\n\n${HELP}`);
  const settings = { ...DEFAULT_SETTINGS, horizonDays: STEPS / 24 };
  const holdOut = Number(values['hold-out']);
  const series = readM4(values.train);
  const walks = series.map(({ values }) => {
    const known = values.subarray(0, values.length - holdOut * 24);
    const grid = toGrid(
      // So that the last value ends at a midnight.
      { start: 20_000 * DAY_MS - known.length * HOUR_MS, stepMs: HOUR_MS, values: known },
      { offset: () => 0, days: 3, isHoliday: () => false },
    );
    return new SeriesWalk(loadFeatures(grid, 'none'), 0, settings);
  });
  const lastDays = walks.map(({ features }) => 20_000 - features.grid.firstDay);
  const combinations = walks.map(
    ({ bases }) => new Combination({ horizonDays: 2, slotsPerDay: 24, members: pointMembers(bases) }),
  );
  const bar = progressBar(walks.length * (CUTS.length + 1), 'series');
  const forecasts: Float64Array[] = [];
  for (const [round, back] of [...CUTS, 0].entries()) {
    const cuts = lastDays.map((last) => last - back);
    for (const [index, walk] of walks.entries()) walk.walkTo(cuts[index] as number);
    const trees = growTreeMembers(walks, cuts, settings);
    const until = CUTS[round + 1] ?? 0;
    for (const [index, walk] of walks.entries()) {
      const combination = combinations[index] as Combination;
      const { grid } = walk.features;
      for (let day = cuts[index] as number; back > 0 && day < (lastDays[index] as number) - until; day++) {
        walk.walkTo(day);
        const row = walk.rows.get(day);
        if (row === undefined) continue;
        const forecast = memberForecast(walk, row, trees, walk.curvesAt(day));
        const combined = combination.combine(forecast);
        const level = walk.features.level(row.origin);
        for (let ahead = 0; ahead < 2; ahead++) {
          const first = row.origin + ahead * 24;
          combination.learn(
            ahead,
            forecast,
            combined,
            Float64Array.from({ length: 24 }, (_, slot) => (grid.values[first + slot] as number) / level),
          );
        }
      }
      if (back === 0) {
        const row = walk.rows.get(lastDays[index] as number);
        if (row === undefined) throw new Error(`${series[index]?.id} is too short`);
        const { point } = combination.combine(
          memberForecast(walk, row, trees, walk.curvesAt(lastDays[index] as number)),
        );
        const level = walk.features.level(row.origin);
        forecasts.push(point.map((relative) => relative * level));
      }
      bar.advance(1);
    }
  }
  bar.end();
  const head = ['id', ...Array.from({ length: STEPS }, (_, step) => `f${step + 1}`)].join(',');
  const lines = series.map(({ id }, index) =>
    [id, ...[...(forecasts[index] as Float64Array)].map((one) => Number(one.toPrecision(7)))].join(','),
  );
  const text = `${[head, ...lines].join('\n')}\n`;
  writeFileSync(values.out, values.out.endsWith('.gz') ? gzipSync(text) : text);
  console.log(`${series.length} series forecast, written to ${values.out}`);
}
