import { decidedReads, type RegisterForm, type RegisterReading, type RegisterSegment } from './register-energy.ts';

/** What a register showed at the end of a time that is billed. */
export interface BoundaryRead {
  /** Epoch ms. */
  at: number;
  /** As shown, without the multiplier, Wh. */
  shownWh: number;
  /** `estimated`: nobody read it then. */
  basis: 'measured' | 'estimated';
}

/** The register of a meter's channel at both ends of a time; null: it cannot be known. */
export interface BoundaryReads {
  meterNo: number;
  opening: BoundaryRead | null;
  closing: BoundaryRead | null;
}

export interface RegisterSources {
  reads: readonly RegisterReading[];
  forms: readonly RegisterForm[];
  /** Of those reads. */
  segments: readonly RegisterSegment[];
  /** A read so near an instant is taken at it, ms. */
  toleranceMs: number;
  /** Energy that was settled or stored between two instants, Wh; null: a part of it is not known. */
  energyBetween(from: number, to: number): number | null;
}

/**
 * The read at an instant, or what it would have been: the read before and the energy of the intervals since, or, where they have
 * holes, the part of what the register advanced until the next read that the time is. Null without a read before.
 * @param side `opening`: of the meter that comes, where one is exchanged at that instant; `closing`: of the one that leaves
 */
export function boundaryRead(sources: RegisterSources, at: number, side: 'opening' | 'closing'): BoundaryRead | null {
  const reads = decidedReads(sources.reads).filter(({ conflict }) => !conflict);
  const distance = ({ readAt }: RegisterReading) => Math.abs(readAt - at);
  const near = reads.filter((read) => distance(read) <= sources.toleranceMs);
  const nearest = near.filter((read) => distance(read) === Math.min(...near.map(distance)));
  const measured = nearest.at(side === 'opening' ? -1 : 0);
  if (measured) return { at, shownWh: measured.shownWh, basis: 'measured' };
  const before = reads.findLast(({ readAt }) => readAt < at);
  const form = before && sources.forms.find((one) => one.from <= before.readAt && (one.to === null || one.to >= at));
  if (!before || !form || before.exchange === 'final') return null;
  const segment = sources.segments.find(({ from, to }) => from < at && to > at);
  const share = segment && (at - segment.from) / (segment.to - segment.from);
  const proportional = segment?.energyWh == null || share === undefined ? null : segment.energyWh * share;
  const energyWh = sources.energyBetween(before.readAt, at) ?? proportional;
  if (energyWh === null) return null;
  const wrapsAtWh = 10 ** form.digits * 1000;
  return { at, shownWh: Math.round(before.shownWh + energyWh / form.multiplier) % wrapsAtWh, basis: 'estimated' };
}
