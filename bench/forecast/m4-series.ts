import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Series of a file in the M4 competition's form: a header line, then an id and its values a line. @throws naming the line that is not so. */
export function readM4(path: string): { id: string; values: Float64Array }[] {
  const bytes = readFileSync(path);
  const lines = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trim().split(/\r?\n/);
  return lines.slice(1).map((line, index) => {
    const [id = '', ...cells] = line.split(',').map((cell) => cell.replaceAll('"', '').trim());
    const values = Float64Array.from(
      cells.filter((cell) => cell !== ''),
      Number,
    );
    if (id === '' || values.length < 48 || values.some(Number.isNaN)) {
      throw new Error(`${path}:${index + 2} is not an id and at least 48 numbers`);
    }
    return { id, values };
  });
}
