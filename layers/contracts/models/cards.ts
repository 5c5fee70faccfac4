import { FULL_WINDOW_DAYS } from './anomaly.ts';
import type { ModelName } from './learning.ts';

/** What is true of every version of a model; what is true of one is in its run. */
export interface ModelDescription {
  purpose: string;
  inputs: string;
  answers: string;
  /** Metrics by name; those with `guard` have to be surely better for a promotion. */
  metrics: readonly { metric: string; says: string; guard: boolean }[];
  limits: readonly string[];
}

export const MODEL_CARDS: Readonly<Record<ModelName, ModelDescription>> = {
  forecast: {
    purpose: 'Load of transformers, feeders, regions and the system for the next hours and days, with bands.',
    inputs: 'Energy per interval of the last weeks, holidays of the region, and temperature where it is given.',
    answers: 'A value and quantiles per interval; says when it did not know the entity or lacked inputs.',
    metrics: [
      { metric: 'error', says: 'mean absolute error, in units of the mean load', guard: true },
      { metric: 'pinball', says: 'mean pinball loss over the quantiles, in units of the mean load', guard: true },
    ],
    limits: [
      'Measured one day ahead, on the weeks after those it learned from.',
      'A load that changes its level for good takes days to be followed.',
      'Sums of few households carry little that can be forecast.',
    ],
  },
  anomaly: {
    purpose: 'Whether a meter was at fault on its last whole day: theft, bypass, stuck, reversed, spikes, drift.',
    inputs: `Energy per interval of the last ${FULL_WINDOW_DAYS} days, exported energy, and the mean of other meters.`,
    answers:
      'The probability of each fault where one meter-day in a hundred is faulty, since when, and which figures of the day are unusual against which band.',
    metrics: [
      {
        metric: 'detection',
        says: 'Brier score of whether there is a fault, if every second day has one',
        guard: true,
      },
      { metric: 'classification', says: 'Brier score of which fault there is, or none, likewise', guard: true },
      ...['theft', 'bypass', 'stuck', 'reversed', 'spike', 'drift', 'normal'].map((label) => ({
        metric: `detection_${label}`,
        says: label === 'normal' ? 'Brier score on days without a fault' : `Brier score on days of ${label}`,
        guard: false,
      })),
    ],
    limits: [
      'Learns from faults injected into real readings, and from what people labelled: other faults look like none or like another.',
      'Judged on meters it never learned from; labelled meters are learned from and never judged on.',
      'Names an indicator, never a person: an empty house and a bypass look alike for days.',
      'Slow drift is found late: see docs/adr/0023-labelled-faults.md for its share.',
    ],
  },
};
