import type { Cloud, Resource } from '../kernel/types.ts';
import type { Stack } from './assembly.ts';
import { resolveValue, type Scope } from './intrinsics.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    /** Set by `local/ssm`: the value of a parameter, undefined if there is none. */
    ssmParameter?: (name: string) => string | undefined;
  }
}

/** What the names of one stack's template mean. */
export class StackScope implements Scope {
  readonly #stack: Stack;
  readonly #cloud: Cloud;
  readonly #exported: ReadonlyMap<string, unknown>;
  readonly #resources = new Map<string, Resource>();
  readonly zones: readonly string[];

  constructor(stack: Stack, cloud: Cloud, exported: ReadonlyMap<string, unknown>) {
    this.#stack = stack;
    this.#cloud = cloud;
    this.#exported = exported;
    this.zones = ['a', 'b', 'c'].map((letter) => `${cloud.region}${letter}`);
  }

  add(resource: Resource): void {
    this.#resources.set(resource.logicalId, resource);
  }

  ref(logicalId: string): unknown {
    const pseudo: Record<string, unknown> = {
      'AWS::Region': this.#cloud.region,
      'AWS::AccountId': this.#cloud.accountId,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': this.#stack.name,
      'AWS::StackId': this.#cloud.arn('cloudformation', `stack/${this.#stack.name}/local`),
      'AWS::NotificationARNs': [],
    };
    if (Object.hasOwn(pseudo, logicalId)) return pseudo[logicalId];
    const parameter = this.#stack.template.Parameters?.[logicalId];
    if (parameter) return this.#parameterDefault(logicalId, parameter);
    return this.#resource(logicalId).physicalId;
  }

  attribute(logicalId: string, name: string): unknown {
    const resource = this.#resource(logicalId);
    if (!Object.hasOwn(resource.attributes, name)) {
      throw new Error(`${resource.type} ${logicalId} has no attribute ${name} in the local cloud`);
    }
    return resource.attributes[name];
  }

  condition(name: string): boolean {
    const expression = this.#stack.template.Conditions?.[name];
    if (expression === undefined) throw new Error(`there is no condition ${name}`);
    return resolveValue(expression, this) === true;
  }

  mapping(map: string, first: string, second: string): unknown {
    const found = this.#stack.template.Mappings?.[map]?.[first]?.[second];
    if (found === undefined) throw new Error(`the mapping ${map} has no ${first}.${second}`);
    return found;
  }

  importValue(name: string): unknown {
    if (!this.#exported.has(name)) throw new Error(`no stack before this one exports ${name}`);
    return this.#exported.get(name);
  }

  parameter(name: string): string {
    const value = this.#cloud.shared.ssmParameter?.(name);
    if (value === undefined) throw new Error(`there is no SSM parameter ${name}`);
    return value;
  }

  #parameterDefault(logicalId: string, { Type, Default }: { Type: string; Default?: unknown }): unknown {
    if (Default === undefined) throw new Error(`the parameter ${logicalId} has no default`);
    if (Type === 'AWS::SSM::Parameter::Value<String>') return this.parameter(String(Default));
    if (Type === 'AWS::SSM::Parameter::Value<List<String>>') return this.parameter(String(Default)).split(',');
    if (Type.startsWith('AWS::SSM::')) throw new Error(`parameter type ${Type} is not known to the local cloud`);
    if (Type.startsWith('List<') || Type === 'CommaDelimitedList') return String(Default).split(',');
    return Default;
  }

  #resource(logicalId: string): Resource {
    const resource = this.#resources.get(logicalId);
    if (!resource) throw new Error(`${logicalId} does not exist`);
    return resource;
  }
}
