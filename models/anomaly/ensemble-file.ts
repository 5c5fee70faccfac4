import { readFileSync, writeFileSync } from 'node:fs';
import { FAULT_LABELS } from '../../layers/contracts/models/anomaly.ts';
import { DAY_FEATURES } from '../../layers/domain/anomalies/day-features.ts';
import type { Ensemble } from './ensemble.ts';
import type { RandomForest } from './random-forest.ts';

const FORMAT = 'smart-grid anomaly ensemble 2';
const COLUMNS = [
  ['roots', Int32Array],
  ['feature', Int32Array],
  ['threshold', Float64Array],
  ['left', Int32Array],
  ['right', Int32Array],
  ['shares', Float32Array],
] as const;

/** What the bytes after the header are, so that a model of other features or faults is refused and not misread. */
interface Header {
  format: string;
  features: readonly string[];
  labels: readonly string[];
  calibration: Ensemble['calibration'];
  forests: { features: number; classCount: number; lengths: number[] }[];
}

/** Writes a JSON line and then the columns of both forests, little endian: the same ensemble gives the same bytes. */
export function writeEnsemble(path: string, { forest, joint, calibration }: Ensemble): void {
  const forests = [forest, joint];
  const header: Header = {
    format: FORMAT,
    features: DAY_FEATURES,
    labels: FAULT_LABELS,
    calibration,
    forests: forests.map((one) => ({
      features: one.features,
      classCount: one.classCount,
      lengths: COLUMNS.map(([name]) => one[name].length),
    })),
  };
  const columns = forests.flatMap((one) =>
    COLUMNS.map(([name]) => new Uint8Array(one[name].buffer, one[name].byteOffset, one[name].byteLength)),
  );
  writeFileSync(path, Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...columns]));
}

/** @throws Error for a file that this code did not write or that is cut short. */
export function readEnsemble(path: string): Ensemble {
  const bytes = readFileSync(path);
  const end = bytes.indexOf(0x0a);
  const header = JSON.parse(bytes.toString('utf8', 0, Math.max(0, end))) as Header;
  const same = (left: readonly string[], right: readonly string[]) => left.join() === right.join();
  if (header.format !== FORMAT || !same(header.features, DAY_FEATURES) || !same(header.labels, FAULT_LABELS)) {
    throw new Error(`${path} is no ensemble of this version: train it anew`);
  }
  let at = end + 1;
  const take = <Column extends { BYTES_PER_ELEMENT: number }, Read>(
    type: Column & (new (buffer: ArrayBuffer) => Read),
    length: number,
  ): Read => {
    const size = length * type.BYTES_PER_ELEMENT;
    if (at + size > bytes.length) throw new Error(`${path} is cut short`);
    const copy = new Uint8Array(bytes.subarray(at, at + size));
    at += size;
    return new type(copy.buffer);
  };
  const [forest, joint] = header.forests.map(({ features, classCount, lengths }) => {
    const columns = Object.fromEntries(
      COLUMNS.map(([name, type], n) => [name, take<typeof type, unknown>(type as never, lengths[n] as number)]),
    );
    return { features, classCount, ...columns } as RandomForest;
  });
  if (forest === undefined || joint === undefined) throw new Error(`${path} lacks a forest`);
  return { forest, joint, calibration: header.calibration };
}
