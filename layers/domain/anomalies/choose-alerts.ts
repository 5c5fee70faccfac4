import type { AnomalySettings } from '../../contracts/anomalies/settings.ts';
import { FAULTY_SHARE } from '../../contracts/models/anomaly.ts';
import { DAY_MS } from '../readings/calendar-day.ts';
import { AlertBudget, newAlertBudget } from './alert-budget.ts';
import { alertText } from './alert-text.ts';
import type { AlertCandidate, AlertDecision, AlertStore } from './anomaly-store.ts';

/** People are told of a meter's quantity once a day. [proposed] */
const REPEATED_MS = DAY_MS;
/** What ended longer ago is history, as when the readings of a year are loaded. [proposed] */
const PAST_MS = 3 * DAY_MS;
const DECIDED_AT_ONCE = 1_000;
/** What a state machine carries on: well below its 256 KB. */
const TOLD_AT_ONCE = 50;

export interface Alert {
  anomalyId: string;
  subject: string;
  message: string;
}

/**
 * Decides which anomalies people are told of: the most unusual, as many a day as the setting allows, none that a snooze, an outage or an alert
 * of the same day covers. What was decided but not told, because a run failed, is answered again.
 */
export function chooseAlerts(ports: {
  store: AlertStore;
  settings: () => Promise<AnomalySettings>;
  /** Where people look. */
  siteUrl: string;
  clock: () => number;
}): () => Promise<{ alerts: Alert[]; decided: number }> {
  return async () => {
    const { alertsPerDay } = await ports.settings();
    const now = ports.clock();
    return ports.store.transaction(async (step) => {
      // The first alert of a system need not be earned.
      const budget = new AlertBudget(alertsPerDay, (await step.budget()) ?? { ...newAlertBudget(), saved: 1 });
      const query = { now, repeatedSince: now - REPEATED_MS, limit: DECIDED_AT_ONCE };
      const decisions = decide(await step.candidates(query), budget, now);
      await step.decide(decisions, budget.state);
      const due = await step.due({ now, limit: TOLD_AT_ONCE });
      return {
        alerts: due.map(({ anomaly, timeZone }) => ({
          anomalyId: anomaly.anomalyId,
          ...alertText(anomaly, { timeZone, siteUrl: ports.siteUrl }),
        })),
        decided: decisions.length,
      };
    });
  };
}

function decide(candidates: readonly AlertCandidate[], budget: AlertBudget, now: number): AlertDecision[] {
  return candidates.map(({ anomalyId, source, score, until, snoozed, outage, repeated }) => {
    const quiet = (because: 'past' | 'snoozed' | 'outage' | 'repeated' | 'budget'): AlertDecision => ({
      anomalyId,
      due: false,
      because,
    });
    if (until < now - PAST_MS) return quiet('past');
    if (snoozed) return quiet('snoozed');
    if (outage) return quiet('outage');
    if (repeated) return quiet('repeated');
    return budget.raises({ at: now, surprise: surpriseOf(source, score) }) ? { anomalyId, due: true } : quiet('budget');
  });
}

/** A day of a meter is as rare as so many half-hourly readings. */
const READINGS_PER_DAY = 48;

/**
 * Stream and models on one scale, that of readings. The score of a surprise is 1 − 10^(−surprise / 3). A model's probability is so many times
 * likelier under a fault than on an ordinary day, and at most one ordinary day in as many looks like it.
 */
function surpriseOf(source: AlertCandidate['source'], score: number): number {
  if (source === 'stream') return -3 * Math.log10(1 - score);
  const odds = score / Math.max(1 - score, Number.EPSILON);
  return Math.log10((READINGS_PER_DAY * odds * (1 - FAULTY_SHARE)) / FAULTY_SHARE);
}
