import type { View } from '../view.ts';
import { duration, rate } from './words.ts';

interface Node {
  id: string;
  name: string;
  small: string;
  column: number;
  failed: boolean;
}
interface Edge {
  from: string;
  to: string;
  perMinute: number;
}

const box = { width: 178, height: 46, gapX: 44, gapY: 12 };

/** What flows where, as the template wires it, with what it carries now. */
const graphOf = (view: View): { nodes: Node[]; edges: Edge[] } => {
  const nodes: Node[] = [
    {
      id: 'devices',
      name: 'Devices',
      small: view.devices === null ? 'MQTT' : `${view.devices} connected`,
      column: 0,
      failed: false,
    },
  ];
  const edges: Edge[] = [];
  for (const rule of view.rules) {
    nodes.push({
      id: rule.name,
      name: rule.name,
      small: `${rate(rule.matchesPerMinute)}${rule.failures ? `, ${rule.failures} failed` : ''}`,
      column: 1,
      failed: rule.failures > 0,
    });
    edges.push({ from: 'devices', to: rule.name, perMinute: rule.matchesPerMinute });
    if (rule.stream) edges.push({ from: rule.name, to: rule.stream, perMinute: rule.matchesPerMinute });
  }
  for (const stream of view.streams) {
    nodes.push({
      id: stream.name,
      name: stream.label,
      small: `${rate(stream.recordsPerMinute)} · lag ${duration(stream.lagMs)}`,
      column: 2,
      failed: (stream.lagMs ?? 0) > 60_000,
    });
    for (const consumer of stream.consumers)
      edges.push({ from: stream.name, to: consumer, perMinute: stream.recordsPerMinute });
  }
  const stores = new Set<string>();
  // Consumers in the order of their streams, so that lines do not cross.
  const consumers = view.streams.flatMap((stream) => stream.consumers);
  const place = (name: string) => (consumers.includes(name) ? consumers.indexOf(name) : consumers.length);
  const drawn = view.functions.filter((f) => f.consumes || f.serves).sort((a, b) => place(a.name) - place(b.name));
  for (const one of drawn) {
    nodes.push({
      id: one.name,
      name: one.label,
      small: `${rate(one.invocationsPerMinute)} · p99 ${duration(one.p99Ms)}${one.errors ? ` · ${one.errors} errors` : ''}`,
      column: one.consumes ? 3 : 5,
      failed: one.errors > 0,
    });
    for (const store of one.stores) {
      stores.add(store);
      edges.push(
        one.consumes
          ? { from: one.name, to: store, perMinute: one.invocationsPerMinute }
          : { from: store, to: one.name, perMinute: one.invocationsPerMinute },
      );
    }
  }
  for (const store of stores) nodes.push({ id: store, name: store, small: 'store', column: 4, failed: false });
  return { nodes, edges };
};

const short = (name: string): string => (name.length > 25 ? `…${name.slice(-24)}` : name);

export const FlowMap = ({ view }: { view: View }) => {
  const { nodes, edges } = graphOf(view);
  const columns = [0, 1, 2, 3, 4, 5].map((column) => nodes.filter((node) => node.column === column));
  const rows = Math.max(...columns.map((column) => column.length), 1);
  const height = rows * (box.height + box.gapY) + box.gapY;
  const width = 6 * box.width + 5 * box.gapX;
  const place = new Map<string, { x: number; y: number }>();
  columns.forEach((column, index) => {
    column.forEach((node, row) => {
      place.set(node.id, {
        x: index * (box.width + box.gapX),
        y: (height / (column.length + 1)) * (row + 1) - box.height / 2,
      });
    });
  });
  return (
    <section class="panel" id="flow">
      <header>
        <h2>Flow, as the template wires it</h2>
        <span class="muted">rates over five minutes</span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1). */}
      <section class="flow" tabIndex={0} aria-label="Flow map">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label="From devices over rules, streams and functions to the stores and the API"
        >
          {edges.map((edge) => {
            const [from, to] = [place.get(edge.from), place.get(edge.to)];
            if (!from || !to) return null;
            const [x1, y1, x2, y2] = [from.x + box.width, from.y + box.height / 2, to.x, to.y + box.height / 2];
            const bend = (x2 - x1) / 2;
            return (
              <path
                key={`${edge.from} ${edge.to}`}
                class={edge.perMinute > 0 ? 'busy' : ''}
                d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
              />
            );
          })}
          {nodes.map((node) => {
            const at = place.get(node.id);
            return (
              <g key={node.id} transform={`translate(${at?.x ?? 0} ${at?.y ?? 0})`} class={node.failed ? 'failed' : ''}>
                <title>{node.id}</title>
                <rect width={box.width} height={box.height} rx="8" />
                <text class="name" x="10" y="19">
                  {short(node.name)}
                </text>
                <text class="small" x="10" y="36">
                  {node.small}
                </text>
              </g>
            );
          })}
        </svg>
      </section>
    </section>
  );
};
