import { readFileSync } from 'node:fs';

/**
 * What users of other platforms report of them, and the tests that keep it from happening here. Not yet here, since what they speak of is
 * not: a chained audit hash.
 */
const complaints: readonly [string, string, readonly string[]][] = [
  [
    'energy from registers that come out of order or batched, an exchange, a rollover, a repeated snapshot',
    'test/unit/registers/register-energy.test.ts',
    [
      'reads out of order and in batches give what reads in order give',
      'any order and any repetition of any reads give the same',
      'a rollover of five digits',
      'an exchange: nothing is computed from one meter to the other',
      'a repeated snapshot makes no false peak',
    ],
  ],
  [
    'phantom energy across an outage; a gap that is silently zero',
    'test/unit/vee/estimation.test.ts',
    ['no phantom energy across an outage', 'a gap is never silently zero'],
  ],
  [
    'the same, in what is billed',
    'test/unit/settlement/outages.test.ts',
    ['only intervals wholly inside are zero', 'what no outage explains is a gap that is estimated, never zero'],
  ],
  [
    'late readings that never reach the history or its aggregates',
    'test/contract/windows/windows.test.ts',
    ['every level equals the sum over its meters, before and after aggregation and compaction'],
  ],
  [
    'late readings that never reach the bill',
    'test/contract/settlement/settlement.test.ts',
    ['late readings never change what is final: the difference is a signed adjustment'],
  ],
  [
    'days of 23 and 25 hours',
    'test/unit/vee/estimation.test.ts',
    ['46 half hours', '50 half hours', '92 and 100 quarter hours'],
  ],
  [
    "a late write older than the store's memory tier",
    'test/local/timestream/timestream.test.ts',
    ['a late record goes to the magnetic store', 'a stale late version is accepted and changes nothing'],
  ],
  [
    'two versions of one reading',
    'test/contract/readings/reading-store.test.ts',
    ['asOf answers what had been received', 'any order, repetition and split'],
  ],
  [
    'an ingest endpoint that answers success while the stream is down',
    'test/unit/api/requests.test.ts',
    ['a stream that takes no more is 503 with Retry-After'],
  ],
  [
    'an id that contains the time of receipt, so that a retry is a duplicate',
    'test/contract/outages/outages.test.ts',
    ['whatever the order in which events and readings arrive, the same is kept'],
  ],
  [
    'the same, of a bad message',
    'test/contract/quarantine/quarantine.test.ts',
    ['a redelivered message is one entry and changes nothing'],
  ],
  [
    'a forecast with random noise added, or a default number without a model',
    'test/unit/forecasting/forecaster.test.ts',
    ['training twice gives the same bytes', 'each rung of the ladder says why it was taken'],
  ],
  [
    'a cache key that ignores the query or the caller',
    'test/unit/api/requests.test.ts',
    ['what a browser keeps of one caller is no answer to another'],
  ],
  [
    'an idempotency key that another caller can take',
    'test/contract/dynamodb/idempotency.test.ts',
    ['another body is told so'],
  ],
  ['self-registration that accepts a role', 'test/infra/resources.test.ts', ['AllowAdminCreateUserOnly: true']],
  [
    'kW summed as kWh',
    'test/unit/windows/window-totals.test.ts',
    ['sum, mean, extremes and peak of meters of two interval lengths'],
  ],
  ['anomalies filtered to one direction', 'test/unit/anomalies/anomaly-tracker.test.ts', ["'high' | 'low'"]],
];

test.each(complaints)('%s', (_, file, titles) => {
  const text = readFileSync(file, 'utf8');
  expect(titles.length).toBeGreaterThan(0);
  expect(titles.filter((title) => !text.includes(title))).toEqual([]);
});
