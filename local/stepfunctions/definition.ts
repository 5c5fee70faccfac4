import { at, listAt, textAt } from '../kernel/properties.ts';

type State = Record<string, unknown>;

/** What the interpreter would pass over without a word, by the field that asks for it. */
const UNKNOWN_FIELDS = [
  'Assign',
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'Arguments',
  'Output',
  'HeartbeatSeconds',
];

/** Integrations that run here, as resources after `arn:aws:states:::`. */
export const INTEGRATIONS =
  /^(lambda:invoke|sagemaker:createTrainingJob\.sync|sns:publish|states:startExecution|dynamodb:(getItem|putItem|updateItem|deleteItem)|aws-sdk:(sagemaker|ssm|dynamodb|sfn):[A-Za-z]+)$/;

/** Every state, those inside Map and Parallel too, by name. @throws if two share one: outputs are kept by name. */
export function statesOf(definition: unknown): Map<string, State> {
  const found = new Map<string, State>();
  const visit = (machine: unknown): void => {
    for (const [name, state] of Object.entries((at(machine, 'States') ?? {}) as Record<string, State>)) {
      if (found.has(name)) throw new Error(`two states are named ${name}`);
      found.set(name, state);
      for (const inner of [state.ItemProcessor, state.Iterator, ...listAt(state, 'Branches')]) visit(inner);
    }
  };
  visit(definition);
  return found;
}

/** The longest that a timer of Node.js waits, some 25 days. */
const LONGEST_TIMEOUT_S = Math.floor((2 ** 31 - 1) / 1000);

/**
 * The definition as the interpreter has to read it: without a TimeoutSeconds of their own it ends tasks after 60 s, AWS after 99,999,999 s.
 * Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
 */
export function withoutDefaultTimeouts(definition: unknown): unknown {
  const copy = structuredClone(definition);
  for (const state of statesOf(copy).values())
    if (state.Type === 'Task' && state.TimeoutSeconds === undefined && state.TimeoutSecondsPath === undefined)
      state.TimeoutSeconds = LONGEST_TIMEOUT_S;
  return copy;
}

/** @throws for whatever a machine asks for that would run here other than in AWS. */
export function checkDefinition(definition: unknown): void {
  const languages = [textAt(definition, 'QueryLanguage')];
  for (const [name, state] of statesOf(definition)) {
    languages.push(textAt(state, 'QueryLanguage'));
    const unknown = UNKNOWN_FIELDS.filter((field) => state[field] !== undefined);
    if (unknown.length > 0) throw new Error(`state ${name} uses ${unknown.join(', ')}, which is not run here`);
    if (textAt(state, 'ItemProcessor', 'ProcessorConfig', 'Mode') === 'DISTRIBUTED')
      throw new Error(`state ${name} is a distributed map, which is not run here`);
    if (state.Type !== 'Task') continue;
    const resource = String(state.Resource);
    if (!INTEGRATIONS.test(resource.replace(/^arn:aws:states:::/, '')))
      throw new Error(`state ${name} calls ${resource}, which is not run here`);
  }
  const language = languages.find((each) => each !== undefined && each !== 'JSONPath');
  if (language !== undefined) throw new Error(`machines in ${language} are not run here: write JSONPath`);
}
