import { readdirSync } from 'node:fs';
import type { Evaluation } from '../evaluation.ts';

const folder = import.meta.dirname;
const evaluations: Evaluation[] = await Promise.all(
  readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
    .map(async (file) => (await import(`${folder}/${file}`)) as Evaluation),
);
const [command, ...args] = process.argv.slice(2);
const chosen = evaluations.find(({ name }) => name === command);
if (chosen === undefined) {
  const list = evaluations.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n');
  const help = `npm run evaluate -- COMMAND [flags]\n\n${list}\n\n  COMMAND --help  its flags\n`;
  if (command === '--help') process.stdout.write(help);
  else {
    process.stderr.write(`${command === undefined ? 'no command given' : `no command ${command}`}\n\n${help}`);
    process.exitCode = 2;
  }
} else {
  try {
    await chosen.run(args);
  } catch (error) {
    process.stderr.write(`evaluate ${chosen.name}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
