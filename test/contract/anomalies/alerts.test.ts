import { postgresAlertStore } from '../../../layers/adapters/postgres/anomaly-alerts.ts';
import { postgresAnomalyInbox } from '../../../layers/adapters/postgres/anomaly-inbox.ts';
import { postgresAnomalyRecorder } from '../../../layers/adapters/postgres/anomaly-recorder.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { DEFAULT_ANOMALY_SETTINGS } from '../../../layers/contracts/anomalies/settings.ts';
import { anomalyIdOf } from '../../../layers/domain/anomalies/anomaly.ts';
import type { FoundAnomaly } from '../../../layers/domain/anomalies/anomaly-store.ts';
import { chooseAlerts } from '../../../layers/domain/anomalies/choose-alerts.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';
import { smallGrid } from '../../harness/small-grid.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const HOUR = 3_600_000;

const found = (meterId: string, surprise: number, over: Partial<FoundAnomaly> = {}): FoundAnomaly => ({
  entity: { kind: 'meter', id: meterId },
  quantity: 'activeEnergyImport',
  phase: null,
  source: 'stream',
  since: NOW - HOUR,
  until: NOW - HOUR / 2,
  ongoing: false,
  unit: 'kWh',
  signal: 'level',
  method: 'robust-z',
  direction: 'high',
  score: 1 - 10 ** (-surprise / 3),
  surprise,
  value: 9,
  expected: { low: 0.1, high: 0.9 },
  peakAt: NOW - HOUR,
  explanation: [],
  modelVersion: null,
  faults: null,
  recorded: true,
  whole: true,
  ...over,
});

for (const { name, open } of testDatabases(21_310)) {
  (open ? describe : describe.skip)(`alerts on ${name}`, () => {
    let opened: TestDatabase;
    let now = NOW;
    const record = (...anomalies: FoundAnomaly[]) => postgresAnomalyRecorder(opened.database).record(anomalies, now);
    const store = () => postgresAlertStore(opened.database);
    const choose = (alertsPerDay = 24) =>
      chooseAlerts({
        store: store(),
        settings: async () => ({ ...DEFAULT_ANOMALY_SETTINGS, alertsPerDay }),
        siteUrl: 'https://grid.example',
        clock: () => now,
      })();
    const of = async (anomaly: FoundAnomaly) =>
      (await postgresAnomalyInbox(opened.database).find(anomalyIdOf(anomaly), now))?.anomaly;

    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
      await topologyWriter(opened.database).importTopology(smallGrid('2025-01-01T00:00:00Z'));
    }, 120_000);
    afterAll(() => opened.stop());
    beforeEach(async () => {
      now = NOW;
      await opened.database.query(
        'TRUNCATE anomaly, anomaly_label, anomaly_snooze, alert_budget, outage, outage_interruption, outage_cause',
      );
    });

    test('the most unusual is told, with band, rarity, since and link, until it is noted; then no more', async () => {
      const [loud, quiet] = [found('m1', 6.5), found('m2', 5)];
      await record(quiet, loud);
      const first = await choose();
      expect(first.alerts).toHaveLength(1);
      expect(first.alerts[0]).toEqual({
        anomalyId: anomalyIdOf(loud),
        subject: 'meter m1: high level, 9 kWh',
        message: [
          'meter m1 (activeEnergyImport): an unusual level for the hour of the week.',
          'Most unusual: 9 kWh at 10 Mar 2026, 22:00:00 GMT+11; nine of ten are between 0.1 and 0.9 kWh.',
          'How unusual: one reading in 3,162,278 is as unusual.',
          'Since 10 Mar 2026, 22:00:00 GMT+11, until 10 Mar 2026, 22:30:00 GMT+11.',
          `Look, label or snooze: https://grid.example/anomalies/${anomalyIdOf(loud)}`,
          '',
        ].join('\n'),
      });
      expect(await of(quiet)).toMatchObject({ quietBecause: 'budget', alertedAt: null });
      expect((await choose()).alerts).toEqual(first.alerts);
      await store().noteTold(anomalyIdOf(loud), now + 1000);
      await store().noteTold(anomalyIdOf(loud), now + 2000);
      expect((await choose()).alerts).toEqual([]);
      expect(await of(loud)).toMatchObject({ alertedAt: now + 1000, quietBecause: null });
    });

    test('a meter is told of once a day, never while it is snoozed, out, or long after', async () => {
      const [first, second] = [found('m1', 9), found('m1', 8, { since: NOW - 5 * HOUR })];
      const old = found('m3', 9, { since: NOW - 5 * DAY_MS, until: NOW - 4 * DAY_MS });
      const out = found('m4', 9);
      await record(first, second, old, out);
      await opened.database.query(
        `INSERT INTO outage (outage_id, level, entity_id, feeder_id, status, started_at)
           VALUES ('o', 'usagePoint', 'U4', 'F1', 'confirmed', to_timestamp($1))`,
        [(NOW - 2 * HOUR) / 1000],
      );
      await opened.database.query(
        `INSERT INTO outage_interruption (outage_id, meter_no, usage_point_id, transformer_id, started_at, reported, certain, disputed)
           SELECT 'o', meter_no, 'U4', 'T2', to_timestamp($1), true, true, false FROM meter WHERE meter_id = 'm4'`,
        [(NOW - 2 * HOUR) / 1000],
      );
      const [told] = (await choose(1000)).alerts;
      expect(told?.anomalyId).toBe(anomalyIdOf(first));
      expect(await of(second)).toMatchObject({ quietBecause: 'repeated' });
      expect(await of(old)).toMatchObject({ quietBecause: 'past' });
      expect(await of(out)).toMatchObject({ quietBecause: 'outage' });
      await store().noteTold(anomalyIdOf(first), now);
      now += 2 * DAY_MS;
      await postgresAnomalyInbox(opened.database).addSnooze(anomalyIdOf(first), {
        until: now + HOUR,
        by: 'x',
        at: now,
      });
      const later = found('m1', 9, { since: now - HOUR, until: now });
      await record(later);
      expect((await choose(1000)).alerts).toEqual([]);
      expect(await of(later)).toMatchObject({ quietBecause: 'snoozed' });
      now += 2 * HOUR;
      // More unusual than when it was left: decided anew, the snooze being over.
      await record({ ...later, score: 0.9999, until: now });
      expect((await choose(1000)).alerts.map(({ anomalyId }) => anomalyId)).toEqual([anomalyIdOf(later)]);
    });

    test('in five days about as many are told as the budget allows, the most unusual ones', async () => {
      let told = 0;
      for (let hour = 0; hour < 120; hour++) {
        now = NOW + hour * HOUR;
        const surprises = Array.from({ length: 8 }, (_, n) => 4 + ((hour * 7 + n * 13) % 50) / 10);
        await record(
          ...surprises.map((surprise, n) => found(`m${n + 1}`, surprise, { since: now - HOUR, until: now })),
        );
        for (const { anomalyId } of (await choose(3)).alerts) {
          await store().noteTold(anomalyId, now);
          told += 1;
        }
      }
      expect(told).toBeGreaterThanOrEqual(11);
      expect(told).toBeLessThanOrEqual(18);
    });
  });
}
