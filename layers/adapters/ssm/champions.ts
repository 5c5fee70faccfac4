import { GetParameterCommand, ParameterAlreadyExists, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { type Champion, champion } from '../../contracts/models/learning.ts';

/** Which version of a model serves, in a parameter that promotions write. */
export interface Champions {
  /** The champion there is, or this one if there is none yet. */
  firstOr(parameterName: string, seed: Champion): Promise<Champion>;
  find(parameterName: string): Promise<Champion>;
}

export function ssmChampions(client: SSMClient): Champions {
  const find = async (parameterName: string): Promise<Champion> => {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: parameterName }));
    return champion.parse(JSON.parse(Parameter?.Value ?? '{}'));
  };
  return {
    find,
    async firstOr(parameterName, seed) {
      try {
        await client.send(
          new PutParameterCommand({
            Name: parameterName,
            Value: JSON.stringify(seed),
            Type: 'String',
            Overwrite: false,
          }),
        );
        return seed;
      } catch (failure) {
        if (failure instanceof ParameterAlreadyExists) return find(parameterName);
        throw failure;
      }
    },
  };
}
