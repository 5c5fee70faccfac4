import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DeclaredMethod {
  method: string;
  path: string;
  /** Scopes of its Cognito authorizer; undefined for a method that is open to everyone. */
  scopes?: readonly string[];
}

interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}

const refOf = (reference: unknown): string => (reference as { Ref?: string }).Ref ?? '';

/** The methods of every REST API in the synthesised templates, without the stage. */
export function declaredMethods(assemblyDir: string): DeclaredMethod[] {
  return readdirSync(assemblyDir)
    .filter((file) => file.endsWith('.template.json'))
    .flatMap((file) => {
      const { Resources = {} } = JSON.parse(readFileSync(join(assemblyDir, file), 'utf8')) as {
        Resources?: Record<string, Resource>;
      };
      const pathOf = (reference: unknown): string => {
        const resource = Resources[refOf(reference)];
        return resource ? `${pathOf(resource.Properties.ParentId)}/${resource.Properties.PathPart}` : '';
      };
      return Object.values(Resources)
        .filter(({ Type }) => Type === 'AWS::ApiGateway::Method')
        .map(({ Properties }) => ({
          method: String(Properties.HttpMethod),
          path: pathOf(Properties.ResourceId),
          ...(Properties.AuthorizationType === 'NONE'
            ? {}
            : { scopes: (Properties.AuthorizationScopes ?? []) as string[] }),
        }));
    });
}
