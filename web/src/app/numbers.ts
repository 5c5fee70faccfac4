const thin = ' ';

/** Three significant digits, grouped, never in exponents: `0.0412`, `3.07`, `42.6`, `1 230`. */
export const threeDigits = (amount: number): string => {
  if (amount === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(amount)));
  const decimals = Math.max(0, Math.min(6, 2 - size));
  const rounded = Number(amount.toPrecision(Math.max(3, size + 1)));
  return rounded
    .toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    .replaceAll(',', thin)
    .replace('-', '−');
};

/** Counts as they are, anything else in three digits. */
export const plainNumber = (amount: number): string =>
  Number.isInteger(amount) ? amount.toLocaleString('en').replaceAll(',', thin).replace('-', '−') : threeDigits(amount);

export interface Measure {
  amount: string;
  unit: string;
}

const scaled = (amount: number, units: readonly [string, string, string]): Measure => {
  const size = Math.abs(amount);
  if (size >= 1e6) return { amount: threeDigits(amount / 1e6), unit: units[2] };
  if (size >= 1000) return { amount: threeDigits(amount / 1000), unit: units[1] };
  return { amount: threeDigits(amount), unit: units[0] };
};

/** @param kwh energy, kWh. */
export const energy = (kwh: number): Measure => scaled(kwh, ['kWh', 'MWh', 'GWh']);
/** @param kw active power, kW. */
export const power = (kw: number): Measure => scaled(kw, ['kW', 'MW', 'GW']);
export const said = ({ amount, unit }: Measure): string => `${amount} ${unit}`;

/** @param share 0 to 1. Never rounds something missing up to 100 %. */
export const percent = (share: number): string => {
  const tenths = Math.floor(share * 1000) / 10;
  return tenths === 100 || tenths === 0 ? `${tenths}${thin}%` : `${tenths.toFixed(1)}${thin}%`;
};

/** `+12 %`, `−4 %`, `as usual` within one percent. */
export const against = (actual: number, usual: number): string => {
  const change = Math.round((actual / usual - 1) * 100);
  if (Math.abs(change) < 1) return 'as usual';
  return `${change > 0 ? '+' : '−'}${Math.abs(change)}${thin}%`;
};
