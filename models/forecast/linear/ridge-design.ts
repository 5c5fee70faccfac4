import { featureIndex as at, type FeatureName } from '../../../layers/domain/forecasting/load-features.ts';

/** °C between which the answer of load to temperature may bend [P]. */
const KNOTS = [4, 10, 15, 19, 23, 28, 34];

const PLAIN: readonly FeatureName[] = [
  'profile',
  'lagDay',
  'deviationLagDay',
  'deviationLagNextDay',
  'deviationLagWeek',
  'deviationAround',
  'deviationNow',
  'deviationHours3',
  'deviationDay',
  'deviationDayBefore',
  'deviationWeek',
  'deviationTrend',
  'loadNow',
  'changeNow',
  'dayMean',
  'weekMean',
  'dayMaximum',
  'dayMinimum',
  'holiday',
  'holidayLag',
  'holidayDayBefore',
  'dayOffWeek',
  'yearSine',
  'yearCosine',
  'analogDate',
  'analogWeekday',
  'analogEaster',
  'temperatureTrend',
  'temperatureChangeDay',
  'temperatureChangeWeek',
];
const BENT: readonly FeatureName[] = [
  'temperatureLagDay',
  'temperatureDay',
  'temperatureDayMaximum',
  'temperatureNow',
  'temperatureTarget',
  'temperatureTarget6h',
  'temperatureTarget24h',
  'temperatureTarget72h',
  'temperatureTarget3h',
  'temperatureTarget48h',
  'temperatureProfile',
];
/** How the last day's deviation carries over differs when either day is off. */
const CARRIED: readonly FeatureName[] = ['deviationLagDay', 'deviationDay'];
const WEEKDAYS = 7;
const BENDS = KNOTS.length + 1;
const PER_TEMPERATURE = BENT.length * BENDS;

export const DESIGN_WIDTH = 1 + PLAIN.length + WEEKDAYS + 2 + 2 * CARRIED.length + PER_TEMPERATURE;

/** Columns of the regression for the features at `from`; a missing feature counts nothing. Column 0 is the constant. */
export function ridgeDesign(features: Float64Array, from: number, out: Float64Array): void {
  let column = 0;
  out[column++] = 1;
  const of = (name: FeatureName): number => {
    const value = features[from + at[name]] as number;
    return Number.isNaN(value) ? 0 : value;
  };
  for (const name of PLAIN) out[column++] = of(name);
  const weekday = features[from + at.weekday] as number;
  for (let day = 0; day < WEEKDAYS; day++) out[column++] = day === weekday ? 1 : 0;
  const sine = of('yearSine');
  const cosine = of('yearCosine');
  out[column++] = 2 * sine * cosine;
  out[column++] = cosine * cosine - sine * sine;
  const off = of('dayOff') > 0 ? 1 : 0;
  const lagOff = of('holidayLag');
  for (const name of CARRIED) {
    out[column++] = off * of(name);
    out[column++] = lagOff * of(name);
  }
  for (const name of BENT) {
    const degrees = features[from + at[name]] as number;
    if (Number.isNaN(degrees)) {
      for (let bend = 0; bend < BENDS; bend++) out[column++] = 0;
      continue;
    }
    out[column++] = degrees / 10;
    for (const knot of KNOTS) out[column++] = Math.max(0, degrees - knot) / 10;
  }
}
