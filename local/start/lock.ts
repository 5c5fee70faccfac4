import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a process is started with, from /proc where there is one; undefined elsewhere. */
function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return undefined;
  }
}

/** Whether a process lives, and (where that can be told) still is the one that wrote its pid. @param mark part of its command line */
export function lives(pid: number, mark: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return commandOf(pid)?.includes(mark) ?? process.platform !== 'linux';
}

/**
 * Makes this process the only one that runs on a state folder. A lock whose process is gone (killed, machine restarted) is taken over.
 * @returns what releases it.
 * @throws with the other's pid if another instance runs.
 */
export function lockState(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true });
  const file = join(stateDir, 'lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const handle = openSync(file, 'wx', 0o600);
      writeSync(handle, String(process.pid));
      closeSync(handle);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid > 0 && pid !== process.pid && lives(pid, 'local/main')) {
      throw new Error(`Another local cloud runs on ${stateDir} (process ${pid}). Stop it first: kill ${pid}`);
    }
    rmSync(file, { force: true });
  }
  throw new Error(`The lock ${file} could not be taken: others take it at the same time.`);
}
