/** What `$context.…` stands for: nested objects and plain values. */
export interface Context {
  readonly [name: string]: string | number | boolean | undefined | Context;
}

function lookUp(context: Context, path: string): string | undefined {
  let found: Context[string] = context;
  for (const part of path.split('.')) {
    if (typeof found !== 'object') return undefined;
    found = Object.hasOwn(found, part) ? found[part] : undefined;
  }
  return found === undefined || typeof found === 'object' ? undefined : String(found);
}

const VARIABLE = /\$(?:context|stageVariables)\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_:-]+)*|\$\{context\.[A-Za-z0-9_.:-]+\}/g;

/**
 * A mapping template of a gateway response or an access log: variables replaced, no other VTL.
 * @param missing what stands for a variable without a value: `-` in access logs, nothing in bodies.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
 */
export const render = (template: string, context: Context, missing: string): string =>
  template.replaceAll(VARIABLE, (variable) => lookUp(context, variable.replace(/^\$\{?context\.|\}$/g, '')) ?? missing);
