import { migrate, readMigrations } from '../../../layers/adapters/postgres/migrate.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { ColumnWriter } from '../../../layers/domain/readings/packed-column.ts';
import { MIGRATIONS } from '../../harness/databases.ts';
import { startEmbeddedPostgres } from '../../harness/pglite-session.ts';

const DAY = 15_613;
const START = DAY * 86_400_000;
const RECEIVED_AT = START + 86_400_000;

function columns(writer: ColumnWriter, ...all: readonly (readonly number[])[]): void {
  for (const column of all) writer.column(Float64Array.from(column), column.length);
}

/** A block of the first release: slots 0 and 9 of a meter's day of half-hours; 9 is a conflict. */
function formerBlock(): Buffer {
  const writer = new ColumnWriter();
  for (const octet of [1, 0b1, 0b10, 0, 0, 0, 0]) writer.byte(octet);
  columns(writer, [112, 70_000], [0, 3], [2, 3], [RECEIVED_AT, RECEIVED_AT + 5], [0, 1]);
  return Buffer.from(writer.written());
}

/** A delta of the first release: slot 1 of meters 700 and 701. */
function formerDelta(): Buffer {
  const writer = new ColumnWriter();
  writer.byte(1);
  writer.uint32(2);
  columns(writer, [188, 189], [1, 1], [30, 30], [1, 1], [5, 6], [0, 0], [2, 2], [RECEIVED_AT, RECEIVED_AT]);
  return Buffer.from(writer.written());
}

test('what the first release stored is read and compacted as it was', async () => {
  const { client, stop } = await startEmbeddedPostgres();
  try {
    const migrations = readMigrations(MIGRATIONS);
    const before = migrations.filter(({ name }) => name < '0004');
    expect(before.length).toBe(3);
    await migrate(client, before);
    await client.query('INSERT INTO reading_block VALUES (700, 1, 30, $1, $2)', [DAY, formerBlock()]);
    await client.query('INSERT INTO reading_delta (bucket, day, reading_count, body) VALUES (2, $1, 2, $2)', [
      DAY,
      formerDelta(),
    ]);
    await client.query(
      'INSERT INTO reading_version VALUES (700, 1, 30, to_timestamp($1), 3, 3, 60000, to_timestamp($2))',
      [(START + 9 * 1_800_000) / 1000, (RECEIVED_AT + 1) / 1000],
    );
    await migrate(client, migrations);
    const database = {
      query: client.query.bind(client),
      transaction: (work: (session: typeof client) => unknown) => work(client),
    };
    const store = postgresReadingStore(database as unknown as Parameters<typeof postgresReadingStore>[0]);
    const read = () => store.readIntervals({ meterNo: 700, channel: 1, from: START, to: START + 86_400_000 });
    const expected = [
      { slot: 0, energyWh: 112, quality: 2, revision: 0, recordedAt: RECEIVED_AT, conflict: false },
      { slot: 1, energyWh: 5, quality: 2, revision: 0, recordedAt: RECEIVED_AT, conflict: false },
      { slot: 9, energyWh: 70_000, quality: 3, revision: 3, recordedAt: RECEIVED_AT + 5, conflict: true },
    ].map(({ slot, ...rest }) => ({ start: START + slot * 1_800_000, end: START + (slot + 1) * 1_800_000, ...rest }));
    expect(await read()).toEqual(expected);
    // The version came twice: two migrations made deltas of it.
    expect(await store.compact({ everything: true })).toMatchObject({ bucketDays: 1, readings: 6 });
    expect(await read()).toEqual(expected);
    const asOf = await store.readIntervals({
      meterNo: 700,
      channel: 1,
      from: START + 9 * 1_800_000,
      to: START + 86_400_000,
      asOf: RECEIVED_AT + 1,
    });
    expect(asOf).toMatchObject([{ energyWh: 60_000, conflict: false }]);
    const { rows } = await client.query('SELECT count(*)::int AS versions FROM reading_version');
    expect(rows).toEqual([{ versions: 1 }]);
  } finally {
    await stop();
  }
}, 60_000);

test('a block of a whole day is read and compacted as it was', async () => {
  const { client, stop } = await startEmbeddedPostgres();
  try {
    const migrations = readMigrations(MIGRATIONS);
    await migrate(
      client,
      migrations.filter(({ name }) => name < '0016'),
    );
    // Meters 700 and 701, half-hours: a state for each slot, energies of a byte, one receipt, no revision.
    const key = { bucket: 2, day: DAY, channel: 1, intervalMinutes: 30 };
    const writer = new ColumnWriter();
    for (const octet of [2, 2, 0, 1, 0, 0]) writer.byte(octet);
    writer.uint32(1);
    columns(writer, [RECEIVED_AT]);
    for (const first of [5, 100]) {
      for (let slot = 0; slot < 48; slot++) writer.byte(slot === 9 ? 0x82 : slot === 30 ? 0 : 2);
      for (let slot = 0; slot < 48; slot++) writer.byte(slot === 30 ? 0 : first + slot);
    }
    const meters = new Uint8Array(32);
    for (const meterNo of [700, 701])
      meters[(meterNo & 255) >> 3] = (meters[(meterNo & 255) >> 3] ?? 0) | (1 << (meterNo & 7));
    await client.query('INSERT INTO reading_block VALUES ($1, $2, $3, $4, 19, 96, $5, $6)', [
      ...[key.day, key.bucket, key.channel, key.intervalMinutes],
      Buffer.from(meters),
      Buffer.from(writer.written()),
    ]);
    await client.query('INSERT INTO reading_version VALUES (701, 1, 30, to_timestamp($1), 2, 0, 3, to_timestamp($2))', [
      (START + 9 * 1_800_000) / 1000,
      RECEIVED_AT / 1000,
    ]);
    await client.query('INSERT INTO reading_version VALUES (700, 1, 30, to_timestamp($1), 2, 0, 3, to_timestamp($2))', [
      (START + 9 * 1_800_000) / 1000,
      RECEIVED_AT / 1000,
    ]);
    await migrate(client, migrations);
    const database = {
      query: client.query.bind(client),
      transaction: (work: (session: typeof client) => unknown) => work(client),
    };
    const store = postgresReadingStore(database as unknown as Parameters<typeof postgresReadingStore>[0]);
    const read = async () =>
      (await store.readIntervals({ meterNo: 701, channel: 1, from: START, to: START + 86_400_000 })).map(
        ({ start, energyWh, conflict, recordedAt }) => [(start - START) / 1_800_000, energyWh, conflict, recordedAt],
      );
    const expected = Array.from({ length: 48 }, (_, slot) => [slot, 100 + slot, slot === 9, RECEIVED_AT]).toSpliced(
      30,
      1,
    );
    expect(await read()).toEqual(expected);
    await store.compact({ everything: true });
    expect(await read()).toEqual(expected);
    const { rows } = await client.query(
      'SELECT count(*)::int AS parts, sum(bit_count(meters))::int AS meters FROM reading_block',
    );
    expect(rows).toEqual([{ parts: 6, meters: 12 }]);
  } finally {
    await stop();
  }
}, 60_000);
