import type { Topology } from '../../layers/contracts/messages/topology.ts';

const point = { lon: 151.2, lat: -33.8 };
const path: [number, number][] = [
  [151.2, -33.8],
  [151.3, -33.9],
];

/** Two regions, three feeders, four transformers and eight meters of quarter and half hours, two of them with a second channel. */
export function smallGrid(from: string): Topology {
  return {
    regions: [
      { regionId: 'R1', name: 'North', timeZone: 'Australia/Sydney' },
      { regionId: 'R2', name: 'South', timeZone: 'Australia/Adelaide' },
    ],
    substations: [
      { substationId: 'S1', regionId: 'R1', name: 'One', ...point },
      { substationId: 'S2', regionId: 'R2', name: 'Two', ...point },
    ],
    feeders: (
      [
        ['F1', 'S1'],
        ['F2', 'S1'],
        ['F3', 'S2'],
      ] as const
    ).map(([feederId, substationId]) => ({
      feederId,
      substationId,
      name: feederId,
      nominalVoltageV: 11_000,
      ratingKva: 5000,
      path,
    })),
    transformers: (
      [
        ['T1', 'F1'],
        ['T2', 'F1'],
        ['T3', 'F2'],
        ['T4', 'F3'],
      ] as const
    ).map(([transformerId, feederId]) => ({ transformerId, feederId, name: transformerId, ratingKva: 100, ...point })),
    usagePoints: Array.from({ length: 8 }, (_, i) => ({
      usagePointId: `U${i + 1}`,
      transformerId: `T${(i >> 1) + 1}`,
      ...point,
    })),
    meters: Array.from({ length: 8 }, (_, i) => ({
      meterId: `m${i + 1}`,
      usagePointId: `U${i + 1}`,
      from,
      channels: [
        { channel: 'activeEnergyImport' as const, unit: 'kWh' as const, intervalMinutes: i === 3 ? 15 : 30 },
        ...(i < 2
          ? [{ channel: 'activeEnergyExport' as const, unit: 'kWh' as const, intervalMinutes: 30 as const }]
          : []),
      ],
    })),
  };
}
