import type { Resource } from './types.ts';

/** The created resources, findable by physical id and by ARN. */
export class ResourceIndex {
  readonly all: Resource[] = [];
  readonly #byName = new Map<string, Resource>();
  readonly #byType = new Map<string, Resource[]>();

  add(resource: Resource): void {
    this.all.push(resource);
    const { Arn, ...rest } = resource.attributes;
    if (typeof Arn === 'string') this.#byName.set(Arn, resource);
    for (const [name, value] of Object.entries(rest)) {
      if (name.endsWith('Arn') && typeof value === 'string' && !this.#byName.has(value))
        this.#byName.set(value, resource);
    }
    // Physical ids of different types may collide (a role and a function of one name); the first created keeps the name.
    if (!this.#byName.has(resource.physicalId)) this.#byName.set(resource.physicalId, resource);
    const same = this.#byType.get(resource.type);
    if (same) same.push(resource);
    else this.#byType.set(resource.type, [resource]);
  }

  find(arnOrPhysicalId: string): Resource | undefined {
    return this.#byName.get(arnOrPhysicalId);
  }

  ofType(type: string): Resource[] {
    return this.#byType.get(type) ?? [];
  }
}
