import type { QuarantinedMessage } from '../../layers/contracts/messages/quarantined-message.ts';
import { messageId } from '../../layers/domain/messages/quarantine.ts';
import type { ReadingVersion } from '../../layers/domain/readings/reading-columns.ts';
import { LEVELS } from '../../layers/domain/windows/window-store.ts';
import { expectedSlots, slotsOf } from '../harness/window-oracle.ts';
import type { MemoryTopology, MemoryWindows } from './memory-windows.ts';
import { FEEDER_OF, type Plan, type PlannedMessage, REGION_OF } from './plan.ts';

export interface Outcome {
  plan: Plan;
  topology: MemoryTopology;
  acknowledged: readonly PlannedMessage[];
  versions: readonly ReadingVersion[];
  quarantine: ReadonlyMap<string, QuarantinedMessage>;
  windows: MemoryWindows;
}

const keyOf = (version: Omit<ReadingVersion, 'recordedAt'>): string =>
  [
    `meter ${version.meterNo}`,
    `day ${version.day}`,
    `slot ${version.slot}`,
    `quality ${version.quality}`,
    `revision ${version.revision}`,
    `${version.energyWh} Wh`,
  ].join(', ');

/** What must hold when everything has come to rest: nothing lost, nothing invented, nothing counted twice. */
export function violationsOf(outcome: Outcome): string[] {
  return [...lostOrInvented(outcome), ...wronglyQuarantined(outcome), ...wrongWindows(outcome)];
}

function* lostOrInvented({ plan, acknowledged, versions }: Outcome): Generator<string> {
  const stored = versions.map(keyOf);
  const held = new Set(stored);
  if (held.size !== stored.length) yield 'a version is held twice';
  for (const version of acknowledged.flatMap((message) => message.versions)) {
    if (!held.has(keyOf(version))) yield `lost: ${keyOf(version)}`;
  }
  const published = new Set(plan.messages.flatMap((message) => message.versions.map(keyOf)));
  for (const key of held) if (!published.has(key)) yield `invented: ${key}`;
}

function* wronglyQuarantined({ plan, acknowledged, quarantine }: Outcome): Generator<string> {
  const byId = new Map([...quarantine.values()].map((message) => [message.id, message]));
  const bad = new Map(
    plan.messages.filter(({ codes }) => codes.length > 0).map((message) => [messageId(message), message]),
  );
  for (const message of acknowledged) {
    if (message.codes.length > 0 && !byId.has(messageId(message))) {
      yield `neither stored nor in quarantine: ${message.topic} (${message.codes.join(', ')})`;
    }
  }
  for (const [id, { reasons }] of byId) {
    const codes = [...new Set(reasons.map(({ code }) => code))].sort().join(', ');
    const expected = bad.get(id)?.codes.toSorted().join(', ');
    if (expected === undefined) yield `in quarantine without reason: ${id} (${codes})`;
    else if (codes !== expected) yield `in quarantine for ${codes} instead of ${expected}: ${id}`;
  }
}

function* wrongWindows({ topology, versions, windows }: Outcome): Generator<string> {
  const chainOf = new Map(
    [...FEEDER_OF].map(([transformer, feeder]) => [
      transformer,
      { transformer, feeder, region: REGION_OF.get(feeder) ?? '' },
    ]),
  );
  const placements = topology.members.map((member) => ({ ...member, meterId: '' }));
  const entities = [
    { kind: 'system' as const },
    ...[...new Set(REGION_OF.values())].map((id) => ({ kind: 'region' as const, id })),
    ...[...REGION_OF.keys()].map((id) => ({ kind: 'feeder' as const, id })),
    ...[...FEEDER_OF.keys()].map((id) => ({ kind: 'transformer' as const, id })),
  ];
  for (const entity of entities) {
    const id = entity.kind === 'system' ? '' : entity.id;
    const held = [...windows.stored.values()].filter(
      ({ entityDay }) => entityDay.level === LEVELS[entity.kind] && entityDay.id === id,
    );
    const found = slotsOf(held.map(({ summary }) => summary));
    const expected = expectedSlots({ versions, placements, chainOf, entity, channel: 1 });
    const wrong = expected.find((line) => !found.includes(line));
    const surplus = found.find((line) => !expected.includes(line));
    if (wrong !== undefined || surplus !== undefined) {
      yield `${entity.kind} ${id}: ${wrong ?? 'nothing'} expected, ${surplus ?? 'nothing'} found`;
    }
  }
  if (windows.due.size > 0) yield `${windows.due.size} entity-days are left due`;
}
