/** Whole Wh in proportion to `shares` that add up to `totalWh` exactly: each is cut, the largest remainders get what is left. */
export function apportion(totalWh: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((total, share) => total + share, 0);
  const exact = shares.map((share) => (sum === 0 ? totalWh / shares.length : (totalWh * share) / sum));
  const whole = exact.map(Math.floor);
  const left = totalWh - whole.reduce((total, energyWh) => total + energyWh, 0);
  const byRemainder = exact
    .map((energyWh, place) => ({ place, remainder: energyWh - Math.floor(energyWh) }))
    .sort((a, b) => b.remainder - a.remainder || a.place - b.place);
  for (const { place } of byRemainder.slice(0, Math.round(left))) whole[place] = (whole[place] as number) + 1;
  return whole;
}

/**
 * What the missing intervals between two reads must add up to, whole Wh: the register's advance less what was measured, as
 * near to the shape's own sum as the steps of the register leave open. Undefined: more was measured than the register counted.
 */
export function registerTarget(register: {
  energyWh: number;
  resolutionWh: number;
  measuredWh: number;
  shapeWh: number | undefined;
}): number | undefined {
  const remaining = Math.round(register.energyWh - register.measuredWh);
  // The display cuts what it shows: a difference of two reads may be off by less than one step.
  const open = Math.max(0, Math.ceil(register.resolutionWh) - 1);
  if (remaining + open < 0) return undefined;
  const least = Math.max(0, remaining - open);
  const nearest = register.shapeWh === undefined ? remaining : Math.round(register.shapeWh);
  return Math.min(Math.max(nearest, least), remaining + open);
}
