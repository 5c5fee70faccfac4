import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second of /proc times. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU spent, seconds. */
export interface CpuTime {
  node: number;
  postgres: number;
}

/** Starts a measurement of this process and of a process tree. The reading of the clocks themselves is not counted. */
export function startCpu(rootPid: number): () => CpuTime {
  const postgres = treeSeconds(rootPid);
  const node = ownSeconds();
  return () => {
    const spent = ownSeconds() - node;
    return { node: spent, postgres: treeSeconds(rootPid) - postgres };
  };
}

function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * User and system time of live processes and of the children they have reaped. Sources: proc(5), `/proc/[pid]/stat` fields 14
 * to 17, in ticks; Linux, Documentation/scheduler/sched-stats: `/proc/[pid]/schedstat`, the first number, in nanoseconds of
 * the first thread.
 */
function treeSeconds(rootPid: number): number {
  const parents = new Map<number, number>();
  const times = new Map<number, number>();
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
    parents.set(Number(name), Number(fields[1]));
    const ticks = (from: number, to: number) =>
      fields.slice(from, to).reduce((sum, field) => sum + Number(field), 0) / TICKS;
    const live = Number(fields[17]) === 1 ? threadSeconds(name) : ticks(11, 13);
    times.set(Number(name), live + ticks(13, 15));
  }
  const below = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = parents.get(at)) if (at === rootPid) return true;
    return false;
  };
  let seconds = 0;
  for (const [pid, spent] of times) if (below(pid)) seconds += spent;
  return seconds;
}

function threadSeconds(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  } catch {
    return 0;
  }
}
