import { DailyProfile, type ExpectedBand, outside } from './daily-profile.ts';
import { PatternNovelty } from './pattern-novelty.ts';
import { SurpriseScale } from './surprise-scale.ts';

/** What a signal looks at: the last two and the last four readings as patterns, the reading against its time of day. */
export const seriesSignals = ['pair', 'pattern', 'profile'] as const;
export type SeriesSignal = (typeof seriesSignals)[number];

const PAIR_WIDTH = 2;
const PATTERN_WIDTH = 4;

export interface SeriesSurprise {
  /** −log10 of the probability of something as unusual, by signal. */
  surprises: Record<SeriesSignal, number>;
  band: ExpectedBand | null;
}

/** Signals of one series of readings, one pass over it; state is bounded. */
export class SeriesDetector {
  readonly #pair = new PatternNovelty(PAIR_WIDTH);
  readonly #pattern = new PatternNovelty(PATTERN_WIDTH);
  readonly #profile = new DailyProfile();
  readonly #scales = { pair: new SurpriseScale(), pattern: new SurpriseScale(), profile: new SurpriseScale() };

  /** @param at ms since the epoch. @param value in any unit, the same for the whole series. */
  next(at: number, value: number): SeriesSurprise {
    const band = this.#profile.band(at);
    this.#profile.learn(at, value);
    return {
      surprises: {
        pair: this.#scales.pair.surprise(this.#pair.novelty(value)),
        pattern: this.#scales.pattern.surprise(this.#pattern.novelty(value)),
        profile: this.#scales.profile.surprise(outside(band, value)),
      },
      band,
    };
  }
}
