import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second of /proc times. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU spent, seconds. */
export interface CpuTime {
  node: number;
  postgres: number;
}

/**
 * CPU of this process and of a process tree so far: user and system, of live processes and of the children they have reaped.
 * Source: proc(5), `/proc/[pid]/stat` fields 14 to 17.
 */
export function cpuTime(rootPid: number): CpuTime {
  const parents = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      // It ended between the listing and the reading; its parent has its time.
      continue;
    }
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    parents.set(Number(name), { parent: Number(fields[1]), ticks });
  }
  const below = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = parents.get(at)?.parent) if (at === rootPid) return true;
    return false;
  };
  let ticks = 0;
  for (const [pid, process] of parents) if (below(pid)) ticks += process.ticks;
  const { user, system } = process.cpuUsage();
  return { node: (user + system) / 1e6, postgres: ticks / TICKS };
}
