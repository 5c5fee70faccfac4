import { generatedName } from '../kernel/names.ts';
import { at, textAt } from '../kernel/properties.ts';
import type { AwsService, Cloud, Provider } from '../kernel/types.ts';
import { checkDefinition, statesOf } from './definition.ts';
import { type Execution, type ExecutionEvent, Machine } from './machine.ts';
import { statesService } from './service.ts';
import { managedRuleGrants } from './tasks.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    /** Starts an execution; the caller has authorised `states:StartExecution`. */
    startExecution?: (stateMachineArn: string, input: unknown) => void;
    /** State machines with their executions, newest first, as the console shows them. */
    stateMachines?: () => { name: string; executions: (Execution & { events: readonly ExecutionEvent[] })[] }[];
  }
}

/** Step Functions: JSONPath machines by aws-local-stepfunctions, whose tasks call this cloud's services as the machine's role. */
export function stepfunctions(): { providers: Provider[]; service(cloud: Cloud): AwsService } {
  const machines = new Map<string, Machine>();
  const provider: Provider = {
    types: {
      'AWS::StepFunctions::StateMachine': {
        honours: ['StateMachineName', 'DefinitionString', 'DefinitionSubstitutions', 'RoleArn', 'StateMachineType'],
        passesOver: {
          Tags: 'no meaning here',
          LoggingConfiguration: 'the history is kept',
          TracingConfiguration: 'the functions trace themselves',
        },
      },
    },
    async create(resource, cloud) {
      const { properties } = resource;
      if ((textAt(properties, 'StateMachineType') ?? 'STANDARD') !== 'STANDARD')
        throw new Error('only standard workflows are run here');
      const name = textAt(properties, 'StateMachineName') ?? generatedName(resource, { most: 80 });
      const arn = cloud.arn('states', `stateMachine:${name}`);
      const substitutions = (at(properties, 'DefinitionSubstitutions') ?? {}) as Record<string, unknown>;
      const definition: unknown = JSON.parse(
        String(properties.DefinitionString).replaceAll(/\$\{(\w+)\}/g, (placeholder, key: string) =>
          Object.hasOwn(substitutions, key) ? String(substitutions[key]) : placeholder,
        ),
      );
      checkDefinition(definition);
      const roleArn = String(properties.RoleArn);
      const principal = { kind: 'role', roleArn } as const;
      const resources = [...statesOf(definition).values()].map((state) => String(state.Resource ?? ''));
      // CreateStateMachine refuses a role that may not make the managed rule.
      for (const grant of managedRuleGrants(cloud, resources)) cloud.authorise({ principal, ...grant });
      machines.set(arn, new Machine({ cloud, arn, name, roleArn, definition }));
      return { physicalId: arn, attributes: { Arn: arn, Name: name } };
    },
    async start() {
      for (const machine of machines.values()) machine.resume();
    },
    async stop() {
      await Promise.all([...machines.values()].map((machine) => machine.close()));
    },
  };
  return {
    providers: [provider],
    service(cloud) {
      cloud.shared.startExecution = (arn, input) => {
        machines.get(arn)?.start(crypto.randomUUID(), JSON.stringify(input));
      };
      cloud.shared.stateMachines = () =>
        [...machines.values()].map(({ name, executions, events }) => ({
          name,
          executions: [...executions.values()]
            .sort((a, b) => b.startDate - a.startDate)
            .map((execution) => ({ ...execution, events: events.get(execution.name) ?? [] })),
        }));
      return statesService(cloud, machines);
    },
  };
}
