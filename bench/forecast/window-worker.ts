import { parentPort, workerData } from 'node:worker_threads';
import type { Weather } from '../../layers/domain/forecasting/load-features.ts';
import { memberForecast } from '../../models/forecast/member-forecast.ts';
import type { ForecastSettings } from '../../models/forecast/settings.ts';
import { growTreeMembers } from '../../models/forecast/tree-members.ts';
import { readForecastSet } from './protocol.ts';
import { type Window, walksOf } from './windows.ts';

/** One thread of `evaluate -- forecast`: walks every series and grows the trees of its windows, in order of time. */
export interface WindowTask {
  protocol: string;
  set: string;
  weather: Weather;
  issueSlot: number;
  settings: ForecastSettings;
  windows: Window[];
}

export interface WindowForecast {
  series: number;
  /** Days since 1970-01-01. */
  day: number;
  points: Float32Array;
  members: number;
  bands: Float32Array;
}

const task = workerData as WindowTask;
const port = parentPort;
if (port === null) throw new Error('runs as a worker thread alone');
const set = readForecastSet(task.protocol, task.set);
const walks = walksOf(set, task.weather, task.issueSlot, task.settings);
for (const { from, to } of task.windows) {
  for (const walk of walks) walk.walkTo(from - walk.features.grid.firstDay);
  const trees = growTreeMembers(
    walks,
    walks.map(({ features }) => from - features.grid.firstDay),
    task.settings,
  );
  const forecasts: WindowForecast[] = [];
  for (const [series, walk] of walks.entries()) {
    const { firstDay } = walk.features.grid;
    walk.walkTo(to - 1 - firstDay);
    for (let day = from; day < to; day++) {
      const row = walk.rows.get(day - firstDay);
      if (row !== undefined)
        forecasts.push({ series, day, ...memberForecast(walk, row, trees, walk.curvesAt(day - firstDay)) });
    }
  }
  port.postMessage(
    forecasts,
    forecasts.flatMap(({ points, bands }) => [points.buffer as ArrayBuffer, bands.buffer as ArrayBuffer]),
  );
}
