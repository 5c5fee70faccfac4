import { randomUUID } from 'node:crypto';
import { AwsFailure, type AwsRequest, type AwsService, type Cloud } from '../kernel/types.ts';
import type { Execution, Machine } from './machine.ts';

const MAX_INPUT_BYTES = 256 * 1024;
/** The names that CloudWatch can log; others are legal and not logged. https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
const NAME = /^[0-9A-Za-z_-]{1,80}$/;

type Input = Record<string, string | undefined> & { maxResults?: string | number; reverseOrder?: unknown };

/** Step Functions' API, as far as functions and operators here call it. */
export function statesService(cloud: Cloud, machines: ReadonlyMap<string, Machine>): AwsService {
  const machineOf = (arn: string | undefined): Machine => {
    const found = machines.get(arn ?? '');
    if (!found) throw new AwsFailure('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return found;
  };
  const executionOf = (arn: string | undefined): { machine: Machine; execution: Execution } => {
    const [, machineName, name = ''] = /:execution:([^:]+):(.+)$/.exec(arn ?? '') ?? [];
    const machine = machines.get(cloud.arn('states', `stateMachine:${machineName}`));
    const execution = machine?.executions.get(name);
    if (!machine || !execution) throw new AwsFailure('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return { machine, execution };
  };
  const operations: Readonly<Record<string, (input: Input) => unknown>> = {
    StartExecution(input) {
      const text = input.input ?? '{}';
      const name = input.name ?? randomUUID();
      if (!NAME.test(name)) throw new AwsFailure('InvalidName', `Invalid Name: '${name}'`);
      if (Buffer.byteLength(text) > MAX_INPUT_BYTES || !isJson(text))
        throw new AwsFailure('InvalidExecutionInput', 'The input is no JSON, or too large.');
      const { executionArn, startDate } = machineOf(input.stateMachineArn).start(name, text);
      return { executionArn, startDate };
    },
    StopExecution(input) {
      const { machine, execution } = executionOf(input.executionArn);
      machine.stop(execution.name);
      return { stopDate: cloud.clock() / 1000 };
    },
    DescribeExecution: (input) => executionOf(input.executionArn).execution,
    GetExecutionHistory(input) {
      const { machine, execution } = executionOf(input.executionArn);
      const events = machine.events.get(execution.name) ?? [];
      const described = events.map(({ type, timestamp, stateName, detail }, index) => ({
        id: index + 1,
        type,
        timestamp,
        ...(stateName !== undefined && type === 'StateEntered'
          ? { stateEnteredEventDetails: { name: stateName } }
          : {}),
        ...(stateName !== undefined && type === 'StateExited' ? { stateExitedEventDetails: { name: stateName } } : {}),
        ...(detail === undefined ? {} : { executionFailedEventDetails: detail }),
      }));
      if (input.reverseOrder === true) described.reverse();
      return { events: described.slice(0, Number(input.maxResults ?? 100_000)) };
    },
    ListExecutions(input) {
      const executions = [...machineOf(input.stateMachineArn).executions.values()]
        .filter(({ status }) => input.statusFilter === undefined || status === input.statusFilter)
        .sort((a, b) => b.startDate - a.startDate)
        .slice(0, Number(input.maxResults ?? 100));
      return { executions: executions.map(({ input: _input, output: _output, ...shown }) => shown) };
    },
    DescribeStateMachine(input) {
      const { arn, name, roleArn, definition } = machineOf(input.stateMachineArn);
      return { stateMachineArn: arn, name, roleArn, definition: JSON.stringify(definition), status: 'ACTIVE' };
    },
    ListStateMachines: () => ({
      stateMachines: [...machines.values()].map(({ arn, name }) => ({ stateMachineArn: arn, name, type: 'STANDARD' })),
    }),
  };
  const inputOf = (request: AwsRequest) => JSON.parse(request.body.toString() || '{}') as Input;
  return {
    signingNames: ['states'],
    access(request) {
      const { stateMachineArn, executionArn } = inputOf(request);
      return [{ action: `states:${request.target}`, resource: executionArn ?? stateMachineArn ?? '*' }];
    },
    async answer(request) {
      const operation = operations[request.target ?? ''];
      if (!operation) throw new AwsFailure('UnknownOperationException', `states:${request.target} is not emulated.`);
      return { status: 200, body: JSON.stringify(operation(inputOf(request))) };
    },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
