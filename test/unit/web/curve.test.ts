import { slotsOf } from '../../../web/src/app/slots.ts';

const at = (halfHours: number) => new Date(Date.UTC(2013, 0, 1) + halfHours * 1_800_000).toISOString();
const reading = (slot: number, value: number, quality: 'raw' | 'estimated' = 'raw', version = 0) => ({
  start: at(slot),
  end: at(slot + 1),
  value,
  quality,
  version,
});

test('a gap stays a gap: no value, no zero, and the lane says so', () => {
  const { times, points, details, lane } = slotsOf({
    intervalMinutes: 30,
    from: at(0),
    to: at(6),
    intervals: [reading(0, 0.5), reading(1, 0), reading(4, 0.7, 'estimated', 2)],
    gaps: [
      { start: at(2), end: at(4), reason: 'missing' },
      { start: at(5), end: at(6), reason: 'awaited' },
    ],
  });
  expect(times).toHaveLength(6);
  expect(points).toEqual([0.5, 0, null, null, 0.7, null]);
  expect(details).toEqual([
    'raw',
    'raw',
    'missing: expected and not received',
    'missing: expected and not received',
    'estimated, revision 2',
    'awaited: may still come',
  ]);
  expect(lane.map(({ quality, from, to }) => [quality, (to - from) / 1_800_000])).toEqual([
    ['raw', 2],
    ['estimated', 1],
    ['missing', 2],
    ['awaited', 1],
  ]);
});
