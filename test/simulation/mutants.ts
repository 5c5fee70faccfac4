import type { KinesisClient, PutRecordsCommand, PutRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import type { DaySummary } from '../../layers/domain/windows/day-summary.ts';
import { MemoryWindows } from './memory-windows.ts';

/**
 * Faults that the simulation has to find: each breaks one rule that the pipeline relies on. What a mutant says is what would
 * be wrong in the product.
 */
export const MUTANT_NAMES = [
  'acknowledge-first',
  'checkpoint-first',
  'forget-refused',
  'mark-first',
  'increment-sums',
  'claim-unlocked',
] as const;
export type Mutant = (typeof MUTANT_NAMES)[number];

/** Sums are added to what is stored, not made anew. */
class IncrementedWindows extends MemoryWindows {
  protected override toStore(key: string, summary: DaySummary): DaySummary {
    const before = this.stored.get(key)?.summary;
    if (!before) return summary;
    return { ...summary, sumWh: summary.sumWh.map((wh, slot) => wh + (before.sumWh[slot] as number)) };
  }
}

/** An entity's day is summed by whoever comes, at the same time. */
class UnlockedWindows extends MemoryWindows {
  protected override isClaimed(): boolean {
    return false;
  }
}

export const MUTANTS: {
  windows: Readonly<Record<string, typeof MemoryWindows | undefined>>;
  forgetRefused(client: KinesisClient): KinesisClient;
} = {
  windows: { 'increment-sums': IncrementedWindows, 'claim-unlocked': UnlockedWindows },
  /** Records that the stream refused are taken for put. */
  forgetRefused: (client) =>
    ({
      send: async (command: PutRecordsCommand) => {
        const { Records = [] } = (await client.send(command)) as PutRecordsCommandOutput;
        return { Records: Records.map(() => ({ SequenceNumber: '0' })) };
      },
    }) as unknown as KinesisClient,
};
