import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateMachine } from 'aws-local-stepfunctions';
import { checkDefinition, statesOf, withoutDefaultTimeouts } from '../../../local/stepfunctions/definition.ts';

const MACHINES = join(import.meta.dirname, '../../../state-machines');

interface Example {
  input: object;
  /** What each task gives; `error` and `cause` make it fail. */
  tasks: Record<string, Record<string, unknown>>;
  /** `SUCCEEDED`, or the error it fails with. */
  ends: string;
}

async function play(definition: object, { input, tasks }: Example): Promise<{ visited: Set<string>; ends: string }> {
  const names = [...statesOf(definition)].filter(([, { Type }]) => Type === 'Task').map(([name]) => name);
  const waits = [...statesOf(definition)].filter(([, { Type }]) => Type === 'Wait').map(([name]) => [name, 0]);
  const handlers = names.map((name) => [
    name,
    async () => {
      const answer = tasks[name];
      if (!answer) throw Object.assign(new Error(`the example has no answer of ${name}`), { name: 'NotInTheExample' });
      if (typeof answer.error === 'string')
        throw Object.assign(new Error(String(answer.cause)), { name: answer.error });
      return answer;
    },
  ]);
  const { result, eventLogs } = new StateMachine(definition as never, { validationOptions: { noValidate: true } }).run(
    input as never,
    {
      overrides: {
        taskResourceLocalHandlers: Object.fromEntries(handlers),
        waitTimeOverrides: Object.fromEntries(waits),
        retryIntervalOverrides: Object.fromEntries(names.map((name) => [name, 0])),
      },
      context: { Execution: { Name: 'example', StartTime: '2026-01-01T00:00:00.000Z' } },
    },
  );
  const visited = new Set<string>();
  const listening = (async () => {
    for await (const event of eventLogs) if (event.type === 'StateEntered') visited.add(event.state.name);
  })();
  const ends = await result.then(
    () => 'SUCCEEDED',
    (failure: Error) => (failure.cause as Error).name,
  );
  await listening;
  return { visited, ends };
}

const machines = readdirSync(MACHINES);
test('there are machines', () => expect(machines.length).toBeGreaterThan(2));

test('a task without a time-out of its own waits as long as in AWS, not the interpreter’s minute', () => {
  const task = { Type: 'Task', Resource: 'arn:aws:states:::sns:publish', End: true };
  const own = { ...task, TimeoutSeconds: 5 };
  const machine = {
    StartAt: 'Each',
    States: { Each: { Type: 'Map', End: true, ItemProcessor: { States: { task, own } } } },
  };
  const states = statesOf(withoutDefaultTimeouts(machine));
  expect(states.get('task')?.TimeoutSeconds).toBeGreaterThan(20 * 86_400);
  expect(states.get('own')?.TimeoutSeconds).toBe(5);
  expect(machine.States.Each.ItemProcessor.States.task).not.toHaveProperty('TimeoutSeconds');
});

describe.each(machines)('%s', (machine) => {
  const definition = JSON.parse(readFileSync(join(MACHINES, machine, 'definition.asl.json'), 'utf8')) as object;
  const folder = join(MACHINES, machine, 'examples');
  const examples = readdirSync(folder).map(
    (file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8'))] as const,
  );

  test('asks for nothing that runs here other than in AWS', () => {
    checkDefinition(definition);
    // Context paths in Choice states and error names are the tools' weak spots: they are in the examples.
    expect(statesOf(definition).size).toBeGreaterThan(3);
  });

  test('its examples end as they say and visit every state', async () => {
    const visited = new Set<string>();
    for (const [file, example] of examples) {
      const played = await play(definition, example as Example);
      expect([file, played.ends]).toEqual([file, (example as Example).ends]);
      for (const name of played.visited) visited.add(name);
    }
    expect([...statesOf(definition).keys()].filter((name) => !visited.has(name))).toEqual([]);
  });
});
