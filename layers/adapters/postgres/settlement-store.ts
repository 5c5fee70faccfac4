import { VEE_RULES, veeReasonCode } from '../../contracts/vee/rules.ts';
import type { Determinants } from '../../domain/settlement/determinants.ts';
import { encodeSettled } from '../../domain/settlement/settled-day.ts';
import {
  channelKey,
  type EarlierSettlement,
  type KeptPage,
  type RunCounts,
  type RunKind,
  type SettlementRun,
  type SettlementStore,
} from '../../domain/settlement/settlement-store.ts';
import type { Database, Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

const RUN = `SELECT *, ${epochMs('cutoff')} AS cutoff_ms FROM settlement_run WHERE region_id = $1 AND local_day = $2`;

const OPEN = `INSERT INTO settlement_run
    (region_id, local_day, run, kind, cutoff, settings_version, complete, position, counts)
  VALUES ($1, $2, $3, $4, to_timestamp($5::float8 / 1000), $6, $7, $8, $9) ON CONFLICT DO NOTHING`;

// Under the row's lock, and only onwards: a run that two callers work on is kept once.
const LOCK =
  'SELECT complete, position FROM settlement_run WHERE region_id = $1 AND local_day = $2 AND run = $3 FOR UPDATE';
const ADVANCE = `UPDATE settlement_run SET complete = $4, position = $5, counts = $6
  WHERE region_id = $1 AND local_day = $2 AND run = $3`;

const EARLIER_DETERMINANTS = `SELECT DISTINCT ON (usage_point_id, channel) usage_point_id, channel, run, determinants
  FROM settlement_determinant WHERE usage_point_id = ANY($1::text[]) AND local_day = $2 AND run < $3
  ORDER BY usage_point_id, channel, run DESC`;
const BILLED = `SELECT DISTINCT ON (usage_point_id, channel) usage_point_id, channel, determinants
  FROM settlement_determinant WHERE usage_point_id = ANY($1::text[]) AND local_day = $2 AND run < $3 AND billed
  ORDER BY usage_point_id, channel, run DESC`;
const EARLIER_DAYS = `SELECT usage_point_id, channel, run, meter_no, body FROM settled_day
  WHERE usage_point_id = ANY($1::text[]) AND local_day = $2 AND run < $3`;

const PUT_DAYS = `INSERT INTO settled_day
    (usage_point_id, local_day, channel, meter_no, run, interval_minutes, billable, body)
  SELECT usage_point_id, $2, channel, meter_no, $3, interval_minutes, billable, decode(body, 'hex')
  FROM jsonb_to_recordset($1::jsonb) AS day (usage_point_id text, channel smallint, meter_no integer,
    interval_minutes smallint, billable boolean, body text)
  ON CONFLICT DO NOTHING`;
const PUT_DETERMINANTS = `INSERT INTO settlement_determinant
    (usage_point_id, local_day, channel, run, determinants, billed)
  SELECT usage_point_id, $2, channel, $3, determinants, billed
  FROM jsonb_to_recordset($1::jsonb) AS one (usage_point_id text, channel smallint, determinants jsonb, billed boolean)
  ON CONFLICT DO NOTHING`;
const PUT_ADJUSTMENTS = `INSERT INTO settlement_adjustment (usage_point_id, local_day, channel, run, by_period_wh)
  SELECT usage_point_id, $2, channel, $3, by_period_wh
  FROM jsonb_to_recordset($1::jsonb) AS one (usage_point_id text, channel smallint, by_period_wh jsonb)
  ON CONFLICT DO NOTHING`;
const PUT_EXCEPTIONS = `INSERT INTO vee_exception AS known (meter_no, channel, local_day, rule, begins_at, ends_at, observed,
    threshold, cim, severity, status, first_run, last_run)
  SELECT meter_no, channel, $2, rule, to_timestamp(begins_ms / 1000), to_timestamp(ends_ms / 1000), observed, threshold, cim,
    severity, status, $3, $3
  FROM jsonb_to_recordset($1::jsonb) AS found (meter_no integer, channel smallint, rule smallint, begins_ms float8,
    ends_ms float8, observed float8, threshold float8, cim text, severity text, status text)
  ON CONFLICT (meter_no, channel, local_day, rule, begins_at) DO UPDATE SET ends_at = excluded.ends_at,
    observed = excluded.observed, threshold = excluded.threshold, cim = excluded.cim, severity = excluded.severity,
    status = excluded.status, last_run = excluded.last_run`;
const RESOLVE = `UPDATE vee_exception SET status = 'resolved', last_run = $3
  FROM unnest($1::int[], $4::smallint[]) AS judged (meter_no, channel)
  WHERE vee_exception.meter_no = judged.meter_no AND vee_exception.channel = judged.channel AND local_day = $2
    AND last_run < $3 AND status <> 'resolved'`;

/** Settlement in PostgreSQL: rows are only added; a page of a run is one transaction under the run's lock. */
export function postgresSettlementStore(database: Database): SettlementStore {
  return {
    async latestRun({ regionId, localDay }) {
      const { rows } = await database.query(`${RUN} ORDER BY run DESC LIMIT 1`, [regionId, localDay]);
      return rows.map(runOf)[0];
    },
    async hasFinal({ regionId, localDay }) {
      const { rows } = await database.query(`${RUN} AND kind = 'final'`, [regionId, localDay]);
      return rows.length > 0;
    },
    async openRun(run) {
      const { regionId, localDay, kind, cutoff, settingsVersion, complete, position, counts } = run;
      const values = [regionId, localDay, run.run, kind, cutoff, settingsVersion, complete, position, counts];
      await database.query(OPEN, values);
      const { rows } = await database.query(`${RUN} AND run = $3`, [regionId, localDay, run.run]);
      return rows.map(runOf)[0] ?? run;
    },
    earlier: (query) => earlier(database, query),
    keep: (run, page) => database.transaction((session) => keep(session, run, page)),
  };
}

const runOf = (row: Record<string, unknown>): SettlementRun => ({
  regionId: String(row.region_id),
  localDay: Number(row.local_day),
  run: Number(row.run),
  kind: row.kind as RunKind,
  cutoff: Number(row.cutoff_ms),
  settingsVersion: String(row.settings_version),
  complete: row.complete === true,
  position: String(row.position),
  counts: row.counts as RunCounts,
});

async function earlier(
  database: Queryable,
  { usagePointIds, localDay, run }: { usagePointIds: readonly string[]; localDay: number; run: number },
): Promise<Map<string, EarlierSettlement>> {
  const values = [usagePointIds, localDay, run];
  const { rows: latest } = await database.query(EARLIER_DETERMINANTS, values);
  const { rows: billed } = await database.query(BILLED, values);
  const { rows: days } = await database.query(EARLIER_DAYS, values);
  const keyOf = (row: Record<string, unknown>) => channelKey(String(row.usage_point_id), Number(row.channel));
  const billedOf = new Map(billed.map((row) => [keyOf(row), row.determinants as Determinants]));
  const daysOf = Map.groupBy(days, keyOf);
  return new Map(
    latest.map((row) => {
      const own = daysOf.get(keyOf(row)) ?? [];
      // A final run that only bills has determinants and no bodies: those of the run before stand.
      const bodiesRun = Math.max(...own.map((day) => Number(day.run)));
      const bodies = own
        .filter((day) => Number(day.run) === bodiesRun)
        .map((day) => ({ meterNo: Number(day.meter_no), body: Uint8Array.from(day.body as Uint8Array) }));
      const determinants = row.determinants as Determinants;
      return [keyOf(row), { run: Number(row.run), bodies, determinants, billed: billedOf.get(keyOf(row)) }];
    }),
  );
}

async function keep(session: Queryable, run: SettlementRun, page: KeptPage): Promise<void> {
  const key = [run.regionId, run.localDay, run.run];
  const { rows } = await session.query(LOCK, key);
  const before = rows[0];
  if (!before || before.complete === true) return;
  if (!run.complete && String(before.position) >= run.position) return;
  const { changed, judged } = page;
  const bills = run.kind !== 'preliminary';
  const put = (statement: string, items: unknown[]) =>
    items.length === 0 ? undefined : session.query(statement, [JSON.stringify(items), run.localDay, run.run]);
  const days = changed.flatMap((one) => one.days);
  await put(
    PUT_DAYS,
    days.map((day) => ({
      usage_point_id: day.usagePointId,
      channel: day.channel,
      meter_no: day.meterNo,
      interval_minutes: day.intervalMinutes,
      billable: day.billable,
      body: Buffer.from(encodeSettled(day)).toString('hex'),
    })),
  );
  await put(
    PUT_DETERMINANTS,
    [...changed, ...page.billedAsTheyStand].map(({ usagePointId, channel, determinants }) => ({
      usage_point_id: usagePointId,
      channel,
      determinants,
      billed: bills && determinants.billable,
    })),
  );
  await put(
    PUT_ADJUSTMENTS,
    page.adjustments.map(({ usagePointId, channel, byPeriodWh }) => ({
      usage_point_id: usagePointId,
      channel,
      by_period_wh: byPeriodWh,
    })),
  );
  await put(PUT_EXCEPTIONS, judged.flatMap(exceptionRows));
  await session.query(RESOLVE, [
    judged.map(({ meterNo }) => meterNo),
    run.localDay,
    run.run,
    judged.map(({ channel }) => channel),
  ]);
  await session.query(ADVANCE, [...key, run.complete, run.position, run.counts]);
}

const exceptionRows = ({ meterNo, channel, findings }: KeptPage['judged'][number]) =>
  findings
    .filter(({ continues }) => !continues)
    .map(({ rule, from, to, observed, limit, cim, status }) => ({
      meter_no: meterNo,
      channel,
      rule: VEE_RULES[rule].number,
      begins_ms: from,
      ends_ms: to,
      observed,
      threshold: limit,
      cim: cim ?? veeReasonCode(rule),
      severity: VEE_RULES[rule].severity,
      status,
    }));
