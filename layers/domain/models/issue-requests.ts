import type { ForecastRequest } from '../../contracts/models/forecast.ts';
import { dayOf, MINUTE_MS } from '../readings/calendar-day.ts';
import type { WindowReader } from '../windows/window-store.ts';
import { entityHistory, type ForecastEntity, readUntil } from './entity-history.ts';
import { REQUEST_DAYS } from './training-set.ts';

/** What a forecast is issued for. [proposed] */
export const ISSUE_HORIZON_HOURS = 48;
export const ISSUE_QUANTILES = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95] as const;

/** A series whose last reading is older than this is forecast from stale inputs, and says so. [proposed] */
const STALE_MS = 6 * 3_600_000;

/** A line of what is asked: the request, and what is remembered of its inputs. */
export interface IssueRequest {
  request: ForecastRequest;
  parent: ForecastEntity | undefined;
  inputs: {
    historyFrom: string;
    historyTo: string;
    read: number;
    missing: number;
    temperature: 'none';
    stale: boolean;
  };
}

/** End of the newest interval that the system has, epoch ms: what is known now. */
export async function dataUntil(
  windows: Pick<WindowReader, 'daysOf'>,
  latestDay: number | undefined,
): Promise<number | undefined> {
  if (latestDay === undefined) return undefined;
  const range = { fromDay: latestDay - 1, toDay: latestDay + 1 };
  const history = await entityHistory(windows, { entity: { kind: 'system', id: 'system' }, ...range });
  return history && readUntil(history);
}

/** What is asked of one entity at an instant, from what was read before it. @returns undefined without any reading. */
export async function issueRequest(
  windows: Pick<WindowReader, 'daysOf'>,
  {
    entity,
    timeZone,
    parent,
    issuedAt,
  }: { entity: ForecastEntity; timeZone: string; parent: ForecastEntity | undefined; issuedAt: number },
): Promise<IssueRequest | undefined> {
  const toDay = dayOf(issuedAt - 1) + 1;
  const history = await entityHistory(windows, { entity, fromDay: toDay - REQUEST_DAYS, toDay });
  if (!history) return undefined;
  const { start, intervalMinutes } = history;
  const values = history.values.slice(0, Math.floor((issuedAt - start) / (intervalMinutes * MINUTE_MS)));
  const until = readUntil({ ...history, values });
  if (until === undefined) return undefined;
  const read = values.filter((value) => value !== null).length;
  return {
    request: {
      entity,
      issuedAt: new Date(issuedAt).toISOString(),
      intervalMinutes,
      history: { start: new Date(start).toISOString(), values },
      timeZone,
      horizonHours: ISSUE_HORIZON_HOURS,
      quantiles: [...ISSUE_QUANTILES],
    },
    parent,
    inputs: {
      historyFrom: new Date(start).toISOString(),
      historyTo: new Date(until).toISOString(),
      read,
      missing: values.length - read,
      temperature: 'none',
      stale: issuedAt - until > STALE_MS,
    },
  };
}

/** Origins are whole hours, so that an hour's issue is one, however often it is asked for. */
export const originBefore = (time: number): number => Math.floor(time / 3_600_000) * 3_600_000;
