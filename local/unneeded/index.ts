import { generatedName } from '../kernel/names.ts';
import type { Provider } from '../kernel/types.ts';

/** Types that mean nothing on a laptop, each with the reason; their absence changes no behaviour. */
const UNNEEDED: Readonly<Record<string, string>> = {
  'AWS::CDK::Metadata': 'usage statistics of the CDK',
  'AWS::Budgets::Budget': 'a laptop has no bill',
};

/** Resources that are acknowledged and otherwise passed over. */
export function unneeded(): { providers: Provider[] } {
  const types = Object.fromEntries(Object.keys(UNNEEDED).map((type) => [type, { honours: '*' as const }]));
  return { providers: [{ types, create: async (resource) => ({ physicalId: generatedName(resource) }) }] };
}
