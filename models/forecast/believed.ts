/** Loads of real homes and grids stay within so many spreads of their level. */
const MOST_SPREADS = 20;

/** An outcome as it is learned from, in spreads from the level: one further off counts as so far, or one mad reading teaches much. */
export const believed = (outcome: number): number => Math.min(MOST_SPREADS, Math.max(-MOST_SPREADS, outcome));
