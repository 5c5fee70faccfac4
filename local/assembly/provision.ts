import type { LocalCloud } from '../kernel/cloud.ts';
import { checkTrust } from '../kernel/iam/trust.ts';
import { listAt } from '../kernel/properties.ts';
import type { Provider, Resource } from '../kernel/types.ts';
import type { Assembly, Stack, TemplateResource } from './assembly.ts';
import { mentioned, NO_VALUE, resolveValue } from './intrinsics.ts';
import { StackScope } from './stack-scope.ts';

export interface Shortcoming {
  stack: string;
  logicalId: string;
  type: string;
  /** The properties that no provider honours or passes over; empty if the whole type is unknown. */
  properties: readonly string[];
}

export interface Failure {
  stack: string;
  logicalId: string;
  path: string;
  type: string;
  reason: string;
}

export interface Provisioned {
  failures: Failure[];
  created: number;
  /** ms spent in each type, summed over its resources. */
  spentMs: Map<string, number>;
}

/** The provider of a type; `Custom::*` stands for every custom resource. */
export function providerOf(providers: readonly Provider[], type: string): Provider | undefined {
  const named = providers.find((provider) => Object.hasOwn(provider.types, type));
  if (named || !(type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource')) return named;
  return providers.find((provider) => Object.hasOwn(provider.types, 'Custom::*'));
}

/** What the assembly asks for (tags aside: they change nothing anywhere) and the local cloud cannot give, found before anything is created. */
export function shortcomings(assembly: Assembly, providers: readonly Provider[]): Shortcoming[] {
  const found: Shortcoming[] = [];
  for (const { name, template } of assembly.stacks) {
    for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
      const provider = providerOf(providers, Type);
      const known = provider?.types[Type] ?? provider?.types['Custom::*'];
      if (!known) {
        found.push({ stack: name, logicalId, type: Type, properties: [] });
        continue;
      }
      if (known.honours === '*') continue;
      const honours = known.honours;
      const properties = Object.keys(Properties ?? {}).filter(
        (property) =>
          property !== 'Tags' && !honours.includes(property) && !Object.hasOwn(known.passesOver ?? {}, property),
      );
      if (properties.length > 0) found.push({ stack: name, logicalId, type: Type, properties });
    }
  }
  return found;
}

/** Creates every resource of the assembly: stacks in order, within a stack whatever is ready at once. */
export async function provision(options: {
  assembly: Assembly;
  providers: readonly Provider[];
  cloud: LocalCloud;
  progress: (done: number, all: number, current: string) => void;
}): Promise<Provisioned> {
  const { assembly } = options;
  const all = assembly.stacks.reduce((sum, stack) => sum + Object.keys(stack.template.Resources).length, 0);
  const outcome: Provisioned = { failures: [], created: 0, spentMs: new Map() };
  const exported = new Map<string, unknown>();
  for (const stack of assembly.stacks) await provisionStack({ ...options, stack, exported, outcome, all });
  return outcome;
}

async function provisionStack(options: {
  stack: Stack;
  providers: readonly Provider[];
  cloud: LocalCloud;
  exported: Map<string, unknown>;
  outcome: Provisioned;
  all: number;
  progress: (done: number, all: number, current: string) => void;
}): Promise<void> {
  const { stack, providers, cloud, exported, outcome, all, progress } = options;
  const scope = new StackScope(stack, cloud, exported);
  const wanted = Object.entries(stack.template.Resources).filter(
    ([, { Condition }]) => Condition === undefined || scope.condition(Condition),
  );
  const running = new Map<string, Promise<boolean>>();
  const create = async (logicalId: string, template: TemplateResource): Promise<boolean> => {
    const needs = new Set([...listAt(template, 'DependsOn').map(String), ...mentioned(template.Properties)]);
    needs.delete(logicalId);
    const ready = await Promise.all([...needs].map((need) => begin(need)));
    const path = String(template.Metadata?.['aws:cdk:path'] ?? '');
    const started = performance.now();
    try {
      if (!ready.every(Boolean)) throw new Error('something it depends on failed');
      const provider = providerOf(providers, template.Type);
      if (!provider) throw new Error('no part of the local cloud creates this type');
      const properties = resolveValue(template.Properties ?? {}, scope) as Record<string, unknown>;
      const pending = { stack: stack.name, logicalId, path, type: template.Type, properties };
      checkTrust(pending, cloud);
      const { physicalId, attributes } = await provider.create(pending, cloud);
      const resource: Resource = { ...pending, physicalId, attributes: attributes ?? {} };
      cloud.addResource(resource);
      scope.add(resource);
      outcome.created++;
      progress(outcome.created, all, path || logicalId);
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      outcome.failures.push({ stack: stack.name, logicalId, path, type: template.Type, reason });
      return false;
    } finally {
      const spent = (outcome.spentMs.get(template.Type) ?? 0) + performance.now() - started;
      outcome.spentMs.set(template.Type, spent);
    }
  };
  const byId = new Map(wanted);
  const begin = (logicalId: string): Promise<boolean> => {
    const template = byId.get(logicalId);
    if (!template) return Promise.resolve(true);
    let promise = running.get(logicalId);
    if (!promise) {
      // The entry must exist before the first wait, or a circle of references would recurse for ever.
      let settle: (done: boolean | Promise<boolean>) => void = () => {};
      promise = new Promise<boolean>((resolve) => {
        settle = resolve;
      });
      running.set(logicalId, promise);
      settle(create(logicalId, template));
    }
    return promise;
  };
  await Promise.all(wanted.map(([logicalId]) => begin(logicalId)));
  for (const output of Object.values(stack.template.Outputs ?? {})) {
    if (!output.Export || (output.Condition !== undefined && !scope.condition(output.Condition))) continue;
    const value = resolveValue(output.Value, scope);
    if (value !== NO_VALUE) exported.set(String(resolveValue(output.Export.Name, scope)), value);
  }
}
