import { readdirSync } from 'node:fs';
import type { Figure, Suite } from '../figure.ts';

export const name = 'models';

/** Every file in `bench/suites/models`, one after the other. */
export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  const folder = `${import.meta.dirname}/models`;
  const figures: Record<string, Figure> = {};
  for (const file of readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .sort()) {
    const part = (await import(`${folder}/${file}`)) as Pick<Suite, 'run'>;
    Object.assign(figures, await part.run(say));
  }
  return figures;
}
