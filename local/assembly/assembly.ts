import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, listAt } from '../kernel/properties.ts';

export interface TemplateResource {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string | readonly string[];
  Condition?: string;
  Metadata?: Record<string, unknown>;
}

export interface Template {
  Parameters?: Record<string, { Type: string; Default?: unknown }>;
  Mappings?: Record<string, Record<string, Record<string, unknown>>>;
  Conditions?: Record<string, unknown>;
  Resources: Record<string, TemplateResource>;
  Outputs?: Record<string, { Value: unknown; Export?: { Name: unknown }; Condition?: string }>;
  Transform?: unknown;
}

export interface Stack {
  /** Artifact id in the manifest. */
  id: string;
  name: string;
  template: Template;
}

export interface Assembly {
  directory: string;
  /** In dependency order. */
  stacks: Stack[];
}

const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

/**
 * Reads a cloud assembly.
 * @throws if it is not there, holds nested stacks or a template with a Transform: none of them is run here.
 * Source: https://github.com/aws/aws-cdk/blob/main/design/cloud-assembly.md
 */
export function readAssembly(directory: string): Assembly {
  const artifacts = at(json(join(directory, 'manifest.json')), 'artifacts') as Record<string, Record<string, unknown>>;
  const stacks: Stack[] = [];
  const seen = new Set<string>();
  const visit = (id: string): void => {
    const artifact = artifacts[id];
    if (!artifact || seen.has(id)) return;
    seen.add(id);
    for (const dependency of listAt(artifact, 'dependencies')) visit(String(dependency));
    if (artifact.type !== 'aws:cloudformation:stack') return;
    const template = json(join(directory, String(at(artifact, 'properties', 'templateFile')))) as Template;
    const name = String(at(artifact, 'properties', 'stackName') ?? id);
    if (template.Transform !== undefined)
      throw new Error(`Stack ${name} has a Transform, which needs CloudFormation itself.`);
    for (const [logicalId, resource] of Object.entries(template.Resources)) {
      if (resource.Type === 'AWS::CloudFormation::Stack')
        throw new Error(`${name}/${logicalId} is a nested stack: not run here.`);
    }
    stacks.push({ id, name, template });
  };
  for (const id of Object.keys(artifacts)) visit(id);
  return { directory, stacks };
}
