import { createHash } from 'node:crypto';
import type { PendingResource } from '../kernel/types.ts';

/**
 * A physical id as a service would give it: random in look, the same at each boot.
 * @param alphabet characters to choose from. @param length of the id.
 */
export function physicalId(resource: PendingResource, alphabet: string, length: number): string {
  const digest = createHash('sha512').update(`${resource.stack}/${resource.logicalId}`).digest();
  return Array.from({ length }, (_, place) => alphabet[(digest[place] as number) % alphabet.length]).join('');
}

export const LOWER_ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const ALPHANUMERIC = `${LOWER_ALPHANUMERIC}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
export const UPPER_ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
