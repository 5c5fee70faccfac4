import { FLEET_ZONE, isoSeconds, startOfIndex } from './calendar.ts';
import { BLANK, type MeterColumn, SOURCE_INTERVALS } from './data/source.ts';

/** Households seldom leave this power factor. [proposed] */
export const POWER_FACTOR = 0.95;
export const FEEDER_VOLTAGE_V = 11_000;
export const SENSOR_PHASES = ['L1', 'L2', 'L3'] as const;
/** Ratings on sale for pole transformers and short spurs, kVA. [proposed: common Australian sizes and their steps] */
const RATINGS_KVA = [5, 10, 16, 25, 50, 63, 100, 200];
/** A transformer may carry this share of its rating at its highest half hour; a feeder is sized with reserve. [proposed] */
const PEAK_SHARE = { transformer: 1.1, feeder: 0.85 };
const FEEDERS = 4;
const TRANSFORMERS_PER_FEEDER = 3;
/** Metres per degree of latitude, and of longitude at 33° S. */
const DEGREE = { lat: 110_900, lon: 93_500 };

export interface FeederPlan {
  feederId: string;
  sensorId: string;
  ratingKva: number;
  /** Resistance and reactance of the whole path, ohm. */
  resistanceOhm: number;
  reactanceOhm: number;
  transformers: { transformerId: string; ratingKva: number; meters: MeterColumn[] }[];
}

type Position = [lon: number, lat: number];

const SUBSTATIONS: { substationId: string; name: string; position: Position }[] = [
  { substationId: 'SS01', name: 'Broadmeadow zone substation', position: [151.735, -32.923] },
  { substationId: 'SS02', name: 'Charlestown zone substation', position: [151.693, -32.966] },
];
/** Directions in which feeders leave, as steps along streets: (east, north). */
const HEADINGS: [number, number][] = [
  [1, 0.25],
  [-0.25, 1],
  [-1, -0.25],
  [0.25, -1],
];

const shifted = ([lon, lat]: Position, east: number, north: number): Position => [
  Number((lon + east / DEGREE.lon).toFixed(6)),
  Number((lat + north / DEGREE.lat).toFixed(6)),
];
const point = ([lon, lat]: Position) => ({ lon, lat });
const two = (n: number) => String(n).padStart(2, '0');
const ratingFor = (peakKva: number, share: number) =>
  RATINGS_KVA.find((rating) => rating * share >= peakKva) ?? Math.ceil(peakKva);

/** Highest half hour of the summed meters, kVA. */
function peakKva(meters: readonly MeterColumn[]): number {
  let highest = 0;
  for (let n = 0; n < SOURCE_INTERVALS; n++) {
    let sum = 0;
    for (const { valuesWh } of meters) {
      const value = valuesWh[n] as number;
      if (value !== BLANK) sum += value;
    }
    highest = Math.max(highest, sum);
  }
  return (highest * 2) / 1000 / POWER_FACTOR;
}

/** What the sensors' transformers and lines lose over the whole source: 2.9 to 3.6 % by feeder. */
const DECLARED_LOSS_PERCENT = 3.3;

/** Which meter hangs on what: dealt out in order, the same for the same meters. */
export function planFeeders(meters: readonly MeterColumn[]): FeederPlan[] {
  const transformers = FEEDERS * TRANSFORMERS_PER_FEEDER;
  const dealt = Array.from({ length: transformers }, (_, n) => meters.filter((_one, m) => m % transformers === n));
  return Array.from({ length: FEEDERS }, (_, f) => {
    const groups = dealt.slice(f * TRANSFORMERS_PER_FEEDER, (f + 1) * TRANSFORMERS_PER_FEEDER);
    return {
      feederId: `F${two(f + 1)}`,
      sensorId: `F${two(f + 1)}-S`,
      ratingKva: ratingFor(peakKva(groups.flat()), PEAK_SHARE.feeder),
      // Bare steel-cored conductor of a rural spur, ~1.2 + j0.4 ohm/km over 2.5 to 5.5 km. [proposed]
      resistanceOhm: 3 + 1.2 * f,
      reactanceOhm: 1 + 0.4 * f,
      transformers: groups.map((group, t) => ({
        transformerId: `T${two(f * TRANSFORMERS_PER_FEEDER + t + 1)}`,
        ratingKva: ratingFor(peakKva(group), PEAK_SHARE.transformer),
        meters: group,
      })),
    };
  });
}

export interface TopologyOptions {
  meters: readonly MeterColumn[];
  feeders: readonly FeederPlan[];
  /** Added to the source's times. */
  shiftMs: number;
  /** A meter whose service ends after this instant has no end yet. Epoch ms of the shown time. */
  now: number;
}

/** The document of `PUT /topology` for the fleet. */
export function topologyDocument({ feeders, shiftMs, now }: TopologyOptions) {
  const lines = feeders.map((feeder, f) => ({ feeder, ...layout(f, feeder.transformers.length) }));
  const service = (meter: MeterColumn) => {
    const end = startOfIndex(meter.end) + shiftMs;
    const leaves = meter.end < SOURCE_INTERVALS && end <= now;
    return {
      from: isoSeconds(startOfIndex(meter.first) + shiftMs),
      ...(leaves && { to: isoSeconds(end) }),
    };
  };
  const points = lines.flatMap(({ feeder, poles, along }) =>
    feeder.transformers.flatMap(({ transformerId, meters }, t) =>
      meters.map((meter, m) => {
        const side = m % 2 === 0 ? 1 : -1;
        const [east, north] = along;
        const reach = 40 + 35 * Math.floor(m / 2);
        const place = shifted(
          poles[t] as Position,
          -north * 25 * side + east * reach,
          east * 25 * side + north * reach,
        );
        return { meter, transformerId, position: place, usagePointId: meter.meterId.replace('m', 'UP') };
      }),
    ),
  );
  return {
    regions: [{ regionId: 'NSW', name: 'New South Wales', timeZone: FLEET_ZONE }],
    substations: SUBSTATIONS.map(({ position, ...substation }) => ({
      ...substation,
      regionId: 'NSW',
      ...point(position),
    })),
    feeders: lines.map(({ feeder, path, f, substationId }) => ({
      feederId: feeder.feederId,
      name: `Feeder ${f + 1}`,
      substationId,
      nominalVoltageV: FEEDER_VOLTAGE_V,
      ratingKva: feeder.ratingKva,
      declaredLossPercent: DECLARED_LOSS_PERCENT,
      path,
    })),
    transformers: lines.flatMap(({ feeder, poles }) =>
      feeder.transformers.map(({ transformerId, ratingKva }, t) => ({
        transformerId,
        name: `Pole transformer ${transformerId}`,
        feederId: feeder.feederId,
        ratingKva,
        ...point(poles[t] as Position),
      })),
    ),
    usagePoints: points.map(({ usagePointId, transformerId, position }) => ({
      usagePointId,
      transformerId,
      ...point(position),
    })),
    meters: points.map(({ meter, usagePointId }) => ({
      meterId: meter.meterId,
      usagePointId,
      ...service(meter),
      channels: [{ channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 }],
    })),
    sensors: lines.map(({ feeder }) => ({
      sensorId: feeder.sensorId,
      name: `Head of ${feeder.feederId}`,
      feederId: feeder.feederId,
      kinds: [
        { kind: 'activePower', unit: 'kW' },
        { kind: 'reactivePower', unit: 'kvar' },
        { kind: 'voltage', unit: 'V', phases: [...SENSOR_PHASES] },
        { kind: 'current', unit: 'A', phases: [...SENSOR_PHASES] },
      ],
    })),
  };
}

/** A feeder's path in street-like steps with a pole every third of it. */
function layout(f: number, poleCount: number) {
  const substation = SUBSTATIONS[f % SUBSTATIONS.length] as (typeof SUBSTATIONS)[number];
  const [east, north] = HEADINGS[f % HEADINGS.length] as [number, number];
  const path: Position[] = [substation.position];
  const poles: Position[] = [];
  for (let n = 1; n <= poleCount; n++) {
    const before = path.at(-1) as Position;
    const corner = shifted(before, east * 420, north * 120);
    const pole = shifted(corner, east * (60 + 20 * n), north * (260 + 40 * f));
    path.push(corner, pole);
    poles.push(pole);
  }
  return { f, substationId: substation.substationId, along: [east, north] as const, path, poles };
}
