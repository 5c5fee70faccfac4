/** Reads nested template properties whose shape the type system does not know. @returns undefined where the path ends early. */
export function at(properties: unknown, ...path: readonly (string | number)[]): unknown {
  let here = properties;
  for (const step of path) {
    if (here === null || typeof here !== 'object') return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

/** A nested property as text; numbers and booleans are written out, as CloudFormation does. */
export function textAt(properties: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(properties, ...path);
  if (typeof found === 'string') return found;
  return typeof found === 'number' || typeof found === 'boolean' ? String(found) : undefined;
}

/** A nested list; a lone value counts as a list of one, nothing as an empty list. */
export function listAt(properties: unknown, ...path: readonly (string | number)[]): unknown[] {
  const found = at(properties, ...path);
  if (found === undefined || found === null) return [];
  return Array.isArray(found) ? found : [found];
}
