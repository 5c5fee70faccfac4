import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LIMITS } from '../kernel/limits.ts';
import { generatedName } from '../kernel/names.ts';
import { AwsFailure, type AwsRequest, type AwsService, type Cloud, type Provider } from '../kernel/types.ts';

interface Parameter {
  name: string;
  type: string;
  value: string;
}

/** What calls have put, beside what templates say: kept over restarts, as Parameter Store keeps it. */
function putParameters(file: string): { all: Record<string, Parameter>; save(): void } {
  const all = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Parameter>) : {};
  return {
    all,
    save() {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify(all));
      renameSync(`${file}.new`, file);
    },
  };
}

/** SSM Parameter Store: what templates put in, functions and later stacks read. */
export function ssm(): { providers: Provider[]; service(cloud: Cloud): AwsService } {
  const parameters = new Map<string, Parameter>();
  const arnOf = (cloud: Cloud, name: string) => cloud.arn('ssm', `parameter${name.startsWith('/') ? '' : '/'}${name}`);
  const provider: Provider = {
    types: {
      'AWS::SSM::Parameter': {
        honours: ['Name', 'Type', 'Value', 'Tier'],
        passesOver: {
          Tags: 'no meaning here',
          Description: 'words for people',
          AllowedPattern: 'checked by CloudFormation',
        },
      },
    },
    async create(resource, cloud) {
      const { properties } = resource;
      const name = String(properties.Name ?? generatedName(resource));
      const value = String(properties.Value);
      if (Buffer.byteLength(value) > LIMITS.ssm.standardParameterBytes && properties.Tier !== 'Advanced') {
        throw new Error(`the value of ${name} is longer than ${LIMITS.ssm.standardParameterBytes} bytes`);
      }
      parameters.set(name, { name, type: String(properties.Type), value });
      cloud.shared.ssmParameter ??= (wanted) => parameters.get(wanted)?.value;
      return { physicalId: name, attributes: { Value: value, Type: String(properties.Type) } };
    },
  };
  const service = (cloud: Cloud): AwsService => {
    const put = putParameters(join(cloud.stateDir, 'ssm', 'parameters.json'));
    for (const parameter of Object.values(put.all)) parameters.set(parameter.name, parameter);
    const shown = (parameter: Parameter) => ({
      Name: parameter.name,
      Type: parameter.type,
      Value: parameter.value,
      Version: 1,
      ARN: arnOf(cloud, parameter.name),
      DataType: 'text',
    });
    const body = (request: AwsRequest) => JSON.parse(request.body.toString() || '{}') as Record<string, unknown>;
    return {
      signingNames: ['ssm'],
      access(request) {
        const { Name, Names, Path } = body(request) as { Name?: string; Names?: string[]; Path?: string };
        const names = Names ?? [Name ?? Path ?? ''];
        return names.map((name) => ({ action: `ssm:${request.target}`, resource: arnOf(cloud, name) }));
      },
      async answer(request) {
        const input = body(request) as { Name: string; Names: string[]; Path: string; Recursive?: boolean };
        switch (request.target) {
          case 'GetParameter': {
            const found = parameters.get(input.Name);
            if (!found) throw new AwsFailure('ParameterNotFound', `Parameter ${input.Name} not found.`);
            return { status: 200, body: JSON.stringify({ Parameter: shown(found) }) };
          }
          case 'GetParameters': {
            const found = input.Names.map((name) => parameters.get(name)).filter((each) => each !== undefined);
            const missing = input.Names.filter((name) => !parameters.has(name));
            return { status: 200, body: JSON.stringify({ Parameters: found.map(shown), InvalidParameters: missing }) };
          }
          case 'GetParametersByPath': {
            const path = input.Path.endsWith('/') ? input.Path : `${input.Path}/`;
            const found = [...parameters.values()].filter(
              ({ name }) => name.startsWith(path) && (input.Recursive || !name.slice(path.length).includes('/')),
            );
            return { status: 200, body: JSON.stringify({ Parameters: found.map(shown) }) };
          }
          case 'PutParameter': {
            const {
              Name,
              Value,
              Type = 'String',
              Overwrite = false,
            } = JSON.parse(request.body.toString()) as {
              Name: string;
              Value: string;
              Type?: string;
              Overwrite?: boolean;
            };
            if (parameters.has(Name) && !Overwrite)
              throw new AwsFailure('ParameterAlreadyExists', `The parameter ${Name} already exists.`);
            if (Type !== 'String' || Buffer.byteLength(Value) > LIMITS.ssm.standardParameterBytes)
              throw new AwsFailure('ValidationException', `${Name} must be a String of the standard tier.`);
            parameters.set(Name, { name: Name, type: Type, value: Value });
            put.all[Name] = { name: Name, type: Type, value: Value };
            put.save();
            return { status: 200, body: JSON.stringify({ Version: 1, Tier: 'Standard' }) };
          }
          default:
            throw new AwsFailure('UnknownOperationException', `ssm:${request.target} is not emulated.`);
        }
      },
    };
  };
  return { providers: [provider], service };
}
