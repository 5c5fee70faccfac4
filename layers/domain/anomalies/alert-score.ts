/** How surprises become one score. */
export interface AlertScoreSettings {
  /** Exponent of the mean over signals: 1 adds them up, a large one lets the loudest speak alone. */
  exponent: number;
  /** Readings in which only something more unusual than the last alert counts again. */
  refractoryReadings: number;
}

export const ALERT_SCORE: AlertScoreSettings = { exponent: 3, refractoryReadings: 60 };

/** Joins the surprises of several signals; 0 where the last readings were as unusual: one event, one alert. */
export class AlertScore {
  readonly #settings: AlertScoreSettings;
  readonly #recent: Float64Array;
  #seen = 0;

  constructor(settings: AlertScoreSettings = ALERT_SCORE) {
    this.#settings = settings;
    this.#recent = new Float64Array(settings.refractoryReadings);
  }

  /** @param surprises −log10 of probabilities, at least 0. @returns 0…1, rising with the joint surprise. */
  score(surprises: readonly number[]): number {
    const { exponent } = this.#settings;
    let sum = 0;
    for (const surprise of surprises) sum += surprise ** exponent;
    const joint = sum ** (1 / exponent);
    let loudest = 0;
    for (const earlier of this.#recent) if (earlier > loudest) loudest = earlier;
    this.#recent[this.#seen++ % this.#recent.length] = joint;
    return joint > loudest ? joint / (1 + joint) : 0;
  }
}
