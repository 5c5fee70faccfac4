import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EntityState, ForecastModel, WeatherInput, WeatherModel } from './forecaster.ts';

const ARRAYS = { Float64Array, Float32Array, Int32Array, Int16Array } as const;
type ArrayName = keyof typeof ARRAYS;

/** What all entities share, and where the states of each stand in the other file. */
const HEAD = 'ensemble.json';
/** A state per line, by weather and entity: thousands of them are longer than a string may be. */
const STATES = 'entities.jsonl';

/** States that stay in memory, per weather: each is some hundred kilobytes. */
const MOST_KEPT = 256;

/** Offset and length in bytes. */
type Place = [number, number];

interface Head extends Omit<ForecastModel, 'weather'> {
  weather: Partial<Record<WeatherInput, { trees: WeatherModel['trees']; places: Record<string, Place> }>>;
  /** SHA-256 of the states. */
  states: string;
}

/** JSON whose typed arrays are the base64 of their little-endian bytes. */
const encode = (value: unknown): string =>
  JSON.stringify(value, (_, one) => {
    if (!ArrayBuffer.isView(one)) return one;
    const name = Object.keys(ARRAYS).find((array) => one instanceof ARRAYS[array as ArrayName]);
    if (name === undefined) throw new TypeError(`a model holds no ${one.constructor.name}`);
    return { [`$${name}`]: Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString('base64') };
  });

/** @throws SyntaxError if the text is not whole. */
const decode = <Value>(text: string): Value =>
  JSON.parse(text, (_, one) => {
    if (one === null || typeof one !== 'object') return one;
    const [key, ...others] = Object.keys(one);
    const name = key?.startsWith('$') && others.length === 0 ? (key.slice(1) as ArrayName) : undefined;
    if (name === undefined || !(name in ARRAYS)) return one;
    const bytes = Uint8Array.from(Buffer.from(one[`$${name}`], 'base64'));
    return new ARRAYS[name](bytes.buffer);
  });

export const holdsModel = (folder: string): boolean => existsSync(join(folder, HEAD));

/** Writes a model into a folder. The same model is the same bytes. */
export function writeModel(folder: string, model: ForecastModel): void {
  const file = openSync(join(folder, STATES), 'w');
  const hash = createHash('sha256');
  let offset = 0;
  const weather: Head['weather'] = {};
  for (const [input, { trees, entities }] of Object.entries(model.weather)) {
    const places: Record<string, Place> = {};
    for (const id of entities.keys()) {
      const line = Buffer.from(`${encode(entities.get(id))}\n`);
      writeSync(file, line);
      hash.update(line);
      places[id] = [offset, line.length];
      offset += line.length;
    }
    weather[input as WeatherInput] = { trees, places };
  }
  closeSync(file);
  const head: Head = { ...model, weather, states: hash.digest('hex') };
  writeFileSync(join(folder, HEAD), encode(head));
}

/**
 * The model of a folder, its states read when they are asked for.
 * @returns also a version: the same bytes give the same one.
 * @throws SyntaxError if a file is not whole.
 */
export function readModel(folder: string): { model: ForecastModel; version: string } {
  const text = readFileSync(join(folder, HEAD), 'utf8');
  const { states: _, weather, ...shared } = decode<Head>(text);
  const file = openSync(join(folder, STATES), 'r');
  const model: ForecastModel = { ...shared, weather: {} };
  for (const [input, { trees, places }] of Object.entries(weather)) {
    const kept = new Map<string, EntityState>();
    model.weather[input as WeatherInput] = {
      trees,
      entities: {
        keys: () => Object.keys(places),
        get(id) {
          const place = Object.hasOwn(places, id) ? places[id] : undefined;
          if (place === undefined) return undefined;
          const before = kept.get(id);
          if (before !== undefined) return before;
          const line = Buffer.alloc(place[1]);
          readSync(file, line, 0, place[1], place[0]);
          const state = decode<EntityState>(line.toString('utf8'));
          kept.set(id, state);
          const [oldest] = kept.keys();
          if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
          return state;
        },
      },
    };
  }
  return { model, version: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}
