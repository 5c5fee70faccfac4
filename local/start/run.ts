import { BootFailure, boot, type Running } from './boot.ts';
import { failureText, readyCard, unheededText } from './card.ts';
import { endpointsOf, removeEndpoints, writeEndpoints } from './endpoints.ts';
import type { StartOptions } from './options.ts';
import { Progress } from './progress.ts';
import { synthesise } from './synthesis.ts';

/** How long a clean stop may take before the process ends all the same, ms. */
const STOP_MS = 15_000;

/** Starts everything, says so, and stays until it is told to stop. */
export async function run(root: string, stateDir: string, options: StartOptions): Promise<void> {
  const began = performance.now();
  const progress = new Progress(options.json);
  removeEndpoints(stateDir);
  let running: Running | undefined;
  let stopping = false;
  let booting = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    removeEndpoints(stateDir);
    setTimeout(() => process.exit(1), STOP_MS);
    // Half-made resources have children of their own: the boot is waited for, then taken down.
    if (booting && !running) return;
    await running?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
  // A part that fails on its own must not take the cloud down with it; it is said, and the rest goes on.
  process.on('unhandledRejection', (error) =>
    console.error(`! ${error instanceof Error ? error.stack : String(error)}`),
  );

  const assembly = await progress.part('synthesis', async () => {
    const result = await synthesise(root);
    return { what: result.written ? 'CloudFormation from bin/smart-grid.ts' : 'CloudFormation as before', result };
  });
  const parts = await progress.part('services', async () => {
    // Loaded while the line says so: the emulators' own modules take most of this time.
    const { allParts } = await import('../services.ts');
    const result = allParts();
    return { what: `${result.length} emulated services`, result };
  });
  booting = true;
  try {
    running = await progress.part('resources', async () => {
      const result = await boot({
        assemblyDir: assembly.directory,
        stateDir,
        portBase: options.portBase,
        stage: 'local',
        parts,
        start: options,
        progress: (done, all, current) => progress.at('resources', done, all, current),
      });
      return { what: `${result.outcome.created} resources of the templates`, result };
    });
  } catch (error) {
    if (!(error instanceof BootFailure)) throw error;
    throw new Error(failureText(error));
  }
  if (stopping) {
    await running.stop();
    process.exit(0);
  }
  const endpoints = endpointsOf(running.cloud, root);
  writeEndpoints(stateDir, endpoints);
  const readyMs = performance.now() - began;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ready: true, ms: Math.round(readyMs), endpoints })}\n`);
    return;
  }
  process.stdout.write(unheededText(running.unheeded));
  process.stdout.write(readyCard(endpoints, running.outcome, readyMs));
}
