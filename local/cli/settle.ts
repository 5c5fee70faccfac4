type Call = (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>;

interface Run {
  run: number;
  kind: string;
  complete: boolean;
  cutoff: string;
  counts: Record<'usagePoints' | 'billable' | 'changed' | 'intervals' | 'estimated' | 'open' | 'findings', number>;
}

/** Settles a local day of a region to its end, however many calls that takes, and says what came of it. */
export async function settle(
  call: Call,
  request: { regionId: string; day: string; final: boolean; cutoff: string | undefined },
  progress: (line: string) => void,
): Promise<string> {
  const { regionId, day, final, cutoff } = request;
  const body = { regionId, day, final, ...(cutoff === undefined ? {} : { cutoff }) };
  for (;;) {
    const { run, kind, complete, counts, cutoff: seen } = (await call('POST', '/vee/runs', body)) as unknown as Run;
    if (complete) {
      return (
        `${regionId} ${day}: run ${run} (${kind}) with what was known at ${seen}\n` +
        `  ${counts.usagePoints} usage points, ${counts.billable} billable, ${counts.changed} changed\n` +
        `  ${counts.intervals} intervals, ${counts.estimated} estimated, ${counts.open} held; ${counts.findings} findings`
      );
    }
    // The next call goes on with this run, whatever it asks for.
    progress(`run ${run}: ${counts.usagePoints} usage points done`);
  }
}
