import { createHash } from 'node:crypto';
import type { PendingResource } from './types.ts';

/**
 * The name CloudFormation would make up: stack, logical id and a suffix, here derived from both so that it never changes.
 * @param options.most longest name the service takes, characters
 */
export function generatedName(resource: PendingResource, options: { most?: number; lower?: boolean } = {}): string {
  const { most = 128, lower = false } = options;
  const suffix = createHash('sha256')
    .update(`${resource.stack}/${resource.logicalId}`)
    .digest('hex')
    .slice(0, 12)
    .toUpperCase();
  const room = most - suffix.length - 1;
  const stem = `${resource.stack}-${resource.logicalId}`;
  // Both ends tell: the front is what policies match by prefix, the back is the construct's own name.
  const kept =
    stem.length <= room
      ? stem
      : `${resource.stack.slice(0, Math.max(8, room - 25))}-${resource.logicalId.slice(0, 24)}`.slice(0, room);
  const name = `${kept}-${suffix}`;
  return lower ? name.toLowerCase() : name;
}

/** A short stable id such as EC2's: `subnet-0f3a…`. */
export const generatedId = (resource: PendingResource, prefix: string): string =>
  `${prefix}-${createHash('sha256').update(`${resource.stack}/${resource.logicalId}`).digest('hex').slice(0, 17)}`;
