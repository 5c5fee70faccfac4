/** Pages of the left rail; a page stands here when it exists. `icon` is a path in a box of 20. */
export const pages = [
  { path: '/', name: 'Overview', key: 'o', icon: 'M3 17V9m4.7 8V4m4.6 13v-6M17 17V7' },
  { path: '/map', name: 'Map', key: 'm', icon: 'M10 4v4m0 0-5 4m5-4 5 4M10 2.5v1M5 12v4m10-4v4M3 17.5h4m6 0h4' },
  { path: '/meters', name: 'Meters', key: 'e', icon: 'M4 14a7 7 0 1 1 12 0M10 11l3-4M7 17h6' },
  { path: '/feeders', name: 'Feeders', key: 'f', icon: 'M11 2 5 11h5l-1 7 6-9h-5l1-7Z' },
  { path: '/outages', name: 'Outages', key: 't', icon: 'M6 3v4m8-4v4M4 7h12v3a6 6 0 0 1-12 0V7Zm6 9v2M3 3l14 14' },
  {
    path: '/quality',
    name: 'Quality',
    key: 'q',
    icon: 'M10 2.5 16 5v5c0 4-2.6 6.4-6 7.5C6.6 16.4 4 14 4 10V5l6-2.5Zm-2.5 7.5 2 2 3.5-4',
  },
  { path: '/forecasts', name: 'Forecasts', key: 'c', icon: 'M3 14l4-5 3 3 3-5m0 0 1.5 2m2.5-1v.01M3 17.5h14' },
  {
    path: '/anomalies',
    name: 'Anomalies',
    key: 'a',
    icon: 'M2.5 13h3.5l1.5-3 1.5 3h.5L11.5 3.5 13.5 15l1-2h3M3 17.5h14',
  },
  {
    path: '/models',
    name: 'Models',
    key: 'd',
    icon: 'M10 2.5 16.5 6v8L10 17.5 3.5 14V6L10 2.5Zm0 7.5v7.5M10 10l6.5-4M10 10 3.5 6',
  },
  { path: '/fleet', name: 'Fleet', key: 'l', icon: 'M4 5h12v4H4zM4 11h12v4H4zM7 7h.01M7 13h.01' },
] as const;
