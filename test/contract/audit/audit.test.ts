import fc from 'fast-check';
import { auditRoutes } from '../../../functions/api/audit/audit-routes.ts';
import { dynamoAuditLog, dynamoAuditReader } from '../../../layers/adapters/dynamodb/audit-log.ts';
import { groups } from '../../../layers/contracts/api/access.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { AuditRecord } from '../../../layers/domain/audit/audit-log.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi, claimsFor } from '../../harness/api-events.ts';
import { type TestTables, testTables } from '../../harness/dynamodb.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-10T00:00:00Z');
const route = routesById.listAudit;

let tables: TestTables;
let api: unknown;
beforeAll(async () => {
  process.env.API_CLIENT_IDS = CLIENT_IDS;
  tables = await testTables({
    audit: { key: ['pk', 'number:sequence'], indexes: { when: ['month', 'position'] } },
    drawn: { key: ['pk', 'number:sequence'], indexes: { when: ['month', 'position'] } },
  });
  api = apiHandler(auditRoutes({ audit: dynamoAuditReader(tables.client, 'audit') }), () => NOW);
  await dynamoAuditLog(tables.client, 'audit').append(all);
});
afterAll(() => tables.stop());

const record = (entity: string, sequence: number, over: Partial<AuditRecord>): AuditRecord => ({
  entity,
  sequence,
  at: NOW - HOUR,
  actor: { subject: 'ann', clientId: 'dashboard' },
  action: 'reading.apply',
  reason: 'seen on site',
  details: { energyWh: 500 },
  ...over,
});
const READING = 'reading#m001/activeEnergyImport/2026-03-01T00:00:00.000Z';
const QUARANTINED = `quarantine#${'a'.repeat(64)}`;
/** Over a change of month, two of them in one instant. */
const all: AuditRecord[] = [
  record(READING, 1, { at: NOW - 20 * 24 * HOUR }),
  record(READING, 2, { at: NOW - 5 * HOUR, actor: { subject: 'bob', clientId: 'dashboard' } }),
  record(QUARANTINED, 2, { at: NOW - 5 * HOUR, action: 'quarantine.replay', details: { kind: 'interval-readings' } }),
  record('settings#current', NOW - HOUR, {
    actor: { subject: 'appconfig', clientId: 'publish-settings' },
    action: 'settings.publish',
    details: { version: '0123456789abcdef' },
  }),
  record('anomaly#an-1', NOW - 2 * HOUR, { at: NOW - 2 * HOUR, action: 'anomaly.label', details: { label: 'fault' } }),
];

const list = async (query: Record<string, string> = {}) => {
  const { status, body } = await callApi(api, route, { query });
  expect(status).toBe(200);
  return body as { items: Record<string, unknown>[]; next: string | null };
};
const named = ({ items }: { items: Record<string, unknown>[] }) =>
  items.map(({ action, actor }) => `${action} ${actor}`);

test('newest first, over months, with everything that was written down', async () => {
  const { items, next } = await list();
  expect(next).toBeNull();
  expect(items[0]).toEqual({
    at: new Date(NOW - HOUR).toISOString(),
    subject: 'settings#current',
    sequence: NOW - HOUR,
    action: 'settings.publish',
    actor: 'appconfig',
    clientId: 'publish-settings',
    reason: 'seen on site',
    details: { version: '0123456789abcdef' },
  });
  expect(named({ items })).toEqual([
    'settings.publish appconfig',
    'anomaly.label ann',
    'reading.apply bob',
    'quarantine.replay ann',
    'reading.apply ann',
  ]);
});

test('by who, what, of what and when', async () => {
  expect(named(await list({ actor: 'bob' }))).toEqual(['reading.apply bob']);
  expect(named(await list({ action: 'reading.apply' }))).toEqual(['reading.apply bob', 'reading.apply ann']);
  expect(named(await list({ subject: READING }))).toEqual(['reading.apply bob', 'reading.apply ann']);
  expect(named(await list({ subject: READING, actor: 'ann' }))).toEqual(['reading.apply ann']);
  const range = { from: new Date(NOW - 5 * HOUR).toISOString(), to: new Date(NOW - 2 * HOUR).toISOString() };
  expect(named(await list(range))).toEqual(['reading.apply bob', 'quarantine.replay ann']);
  expect(named(await list({ actor: 'nobody' }))).toEqual([]);
});

test('page by page the same, also through one instant', async () => {
  const found: string[] = [];
  let pages = 0;
  for (let cursor: string | null | undefined; cursor !== null; pages++) {
    const page = await list({ limit: '1', ...(cursor ? { cursor } : {}) });
    expect(page.items.length).toBeLessThanOrEqual(1);
    found.push(...named(page));
    cursor = page.next;
  }
  expect(found).toEqual(named(await list()));
  expect(pages).toBe(5);
  const { status } = await callApi(api, route, { query: { cursor: Buffer.from('elsewhere').toString('base64url') } });
  expect(status).toBe(400);
});

test.each(groups)('%s', async (group) => {
  const claims = { ...claimsFor(route), 'cognito:groups': group } as Record<string, string>;
  expect((await callApi(api, route, { claims })).status).toBe(group === 'admin' ? 200 : 403);
});

test('any records, filter and page size: every match once, in order', async () => {
  const log = dynamoAuditLog(tables.client, 'drawn');
  const reader = dynamoAuditReader(tables.client, 'drawn');
  const kept: AuditRecord[] = [];
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(
        fc.record({ entity: fc.constantFrom('a#1', 'a#10', 'b#2'), sequence: fc.nat(40), days: fc.nat(400) }),
        { selector: ({ entity, sequence }) => `${entity}/${sequence}`, maxLength: 12 },
      ),
      fc.constantFrom(undefined, 'ann', 'bob'),
      fc.integer({ min: 1, max: 5 }),
      async (drawn, actor, limit) => {
        for (const { entity, sequence, days } of drawn) {
          if (kept.some((one) => one.entity === entity && one.sequence === sequence)) continue;
          const subject = (sequence + days) % 2 === 0 ? 'ann' : 'bob';
          const one = record(entity, sequence, { at: NOW - days * 24 * HOUR, actor: { subject, clientId: 'x' } });
          kept.push(one);
          await log.append([one, one]);
        }
        const [from, to] = [NOW - 390 * 24 * HOUR, NOW - 10 * 24 * HOUR];
        const found: AuditRecord[] = [];
        for (let before: string | undefined, first = true; first || before !== undefined; first = false) {
          const page = await reader.list({ from, to, actor, limit, before });
          expect(page.records.length).toBeLessThanOrEqual(limit);
          found.push(...page.records);
          before = page.next;
        }
        const expected = kept.filter(
          (one) => one.at >= from && one.at < to && (actor === undefined || one.actor.subject === actor),
        );
        expect(found.length).toBe(expected.length);
        expect(new Set(found.map(({ entity, sequence }) => `${entity}/${sequence}`)).size).toBe(expected.length);
        expect(found.map(({ at }) => at)).toEqual(found.map(({ at }) => at).sort((a, b) => b - a));
      },
    ),
    { numRuns: 15, seed: 11 },
  );
  expect(kept.length).toBeGreaterThan(30);
});
