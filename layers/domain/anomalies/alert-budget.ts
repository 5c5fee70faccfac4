const DAY_MS = 86_400_000;
/** Surprise the threshold begins at: one reading in ten thousand. */
const FIRST_THRESHOLD = 4;
/** How far the threshold moves per alert more or less than it should be, at a budget of one a day; less where alerts are many. */
const STEP = 0.3;
/** Whatever happens at once: no more than so many days' alerts may be spent in advance. */
const BURST_DAYS = 0.5;

/** State that is kept between invocations. */
export interface AlertBudgetState {
  threshold: number;
  /** Alerts that may be raised now. */
  saved: number;
  /** ms since the epoch; null before the first reading. */
  at: number | null;
}

export const newAlertBudget = (): AlertBudgetState => ({ threshold: FIRST_THRESHOLD, saved: 0, at: null });

/**
 * Raises as many alerts a day as people can look at, and the most unusual ones: the threshold rises with every alert and falls with time, so that both
 * balance at the budget (a quantile by stochastic approximation, Robbins & Monro 1951); a bucket bounds what a storm may raise at once.
 */
export class AlertBudget {
  readonly #alertsPerDay: number;
  readonly #step: number;
  #state: AlertBudgetState;

  /** @param alertsPerDay of the whole system, at least 0. */
  constructor(alertsPerDay: number, state: AlertBudgetState = newAlertBudget()) {
    this.#alertsPerDay = alertsPerDay;
    this.#step = STEP / Math.sqrt(Math.max(1, alertsPerDay));
    this.#state = { ...state };
  }

  /**
   * Whether a reading becomes an alert. Readings may come in any order; only time that is later than any before pays in.
   * @param surprise −log10 of a probability.
   */
  raises({ at, surprise }: { at: number; surprise: number }): boolean {
    const state = this.#state;
    const days = state.at === null ? 0 : Math.max(0, (at - state.at) / DAY_MS);
    const earned = days * this.#alertsPerDay;
    state.at = Math.max(state.at ?? at, at);
    const most = Math.max(1, BURST_DAYS * this.#alertsPerDay);
    state.saved = Math.min(most, state.saved + earned);
    // A pause of weeks is no reason to alert of everything afterwards
    state.threshold = Math.max(0, state.threshold - this.#step * Math.min(earned, most));
    if (surprise <= state.threshold || state.saved < 1) return false;
    state.saved -= 1;
    state.threshold += this.#step;
    return true;
  }

  get state(): AlertBudgetState {
    return { ...this.#state };
  }
}
