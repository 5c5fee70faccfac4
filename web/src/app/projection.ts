export interface Position {
  lat: number;
  lon: number;
}

/** Map units are metres east and south of the network's middle: over a utility's area a plane is exact enough to draw. */
export const projectionOf = (positions: readonly Position[]) => {
  const lats = positions.map((p) => p.lat);
  const lons = positions.map((p) => p.lon);
  const lat0 = positions.length ? (Math.min(...lats) + Math.max(...lats)) / 2 : 0;
  const lon0 = positions.length ? (Math.min(...lons) + Math.max(...lons)) / 2 : 0;
  const metresPerDegree = 111_320;
  const east = Math.cos((lat0 * Math.PI) / 180) * metresPerDegree;
  const project = ({ lat, lon }: Position): [number, number] => [(lon - lon0) * east, (lat0 - lat) * metresPerDegree];
  const projected = positions.map(project);
  const width = 2 * Math.max(100, ...projected.map(([x]) => Math.abs(x)));
  const height = 2 * Math.max(100, ...projected.map(([, y]) => Math.abs(y)));
  return { project, width, height };
};

/** What part of the map is seen: its middle in map units and how many times it is enlarged. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

export const viewOf = (written: string | null): View => {
  const [x = Number.NaN, y = Number.NaN, zoom = Number.NaN] = (written ?? '').split('_').map(Number);
  return [x, y, zoom].every(Number.isFinite) && zoom > 0 ? { x, y, zoom } : { x: 0, y: 0, zoom: 1 };
};

export const writtenView = ({ x, y, zoom }: View): string => `${Math.round(x)}_${Math.round(y)}_${zoom.toFixed(2)}`;
