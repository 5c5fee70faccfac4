import { seededRandom } from './seeded-random.ts';

/** Half-hourly Wh of a household that keeps its habits: a morning and an evening peak, a lazier weekend, noise. */
export function householdLoad(days: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: days * 48 }, (_, n) => {
    const hour = (n % 48) / 2;
    const weekend = Math.floor(n / 48) % 7 >= 5 ? 80 : 0;
    const habit = 150 + 300 * Math.exp(-((hour - 7.5) ** 2) / 3) + 500 * Math.exp(-((hour - 19) ** 2) / 6);
    return Math.round(habit + weekend + 60 * (random() + random()));
  });
}
