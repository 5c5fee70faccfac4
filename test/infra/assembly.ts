import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flattenResolved } from '../../lib/constructs/wildcards.ts';
import { smartGridApp } from '../../lib/stacks/smart-grid-app.ts';

export interface TemplateResource {
  Type: string;
  Properties: Record<string, unknown>;
  Metadata?: Record<string, unknown>;
  DeletionPolicy?: string;
}

export interface Template {
  Parameters?: Record<string, { Default?: string }>;
  Resources: Record<string, TemplateResource>;
}

/** Templates by the stack's part: `ingestion`. */
export type Templates = Readonly<Record<string, Template>>;

/** Where the assembly of some templates is. */
export const foldersOf = new WeakMap<Templates, string>();

/** Synthesises a stage, with every validation, into a folder of its own. @throws what synth throws. */
export function synthesise(context: Record<string, unknown>): Templates {
  const folder = mkdtempSync(join(tmpdir(), 'smart-grid-synth-'));
  const site = join(folder, 'site');
  mkdirSync(site);
  writeFileSync(join(site, 'index.html'), '<!doctype html><title>site</title>');
  const outdir = join(folder, 'cdk.out');
  smartGridApp({ outdir, site, context }).app.synth();
  const templates: Templates = Object.fromEntries(
    readdirSync(outdir)
      .filter((file) => file.endsWith('.template.json'))
      .map((file) => [
        file.replace(/^.*-(\w+)\.template\.json$/, '$1'),
        JSON.parse(readFileSync(join(outdir, file), 'utf8')),
      ]),
  );
  foldersOf.set(templates, outdir);
  return templates;
}

/** Resources of some type in all stacks, each with its stack and logical id. */
export function resourcesOf(templates: Templates, type: string) {
  return Object.entries(templates).flatMap(([stack, template]) =>
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => ({ stack, id, template, resource, properties: resource.Properties ?? {} })),
  );
}

/** The name in an ARN that comes by a parameter, such as that of a state machine. */
const NAME_IN_ARN = /\{"Fn::Select":\[6,\{"Fn::Split":\[":",\{"Ref":"(SsmParameterValue\w+)"\}\]\}\]\}/g;

/** A value as people read it: wires by their name (`{storage/registry-table}`), ARNs without partition, region and account. */
export function readable(template: Template, value: unknown): string {
  return flattenResolved(value)
    .replace(NAME_IN_ARN, '<$1>')
    .replace(/<(SsmParameterValue\w+)>/g, (_, id: string) => {
      const parameter = template.Parameters?.[id]?.Default ?? id;
      return `{${parameter.split('/').slice(3).join('/')}}`;
    })
    .replace(/<AWS::(\w+)>/g, '$1')
    .replace(/arn:Partition:([\w-]+):(?:Region)?:(?:AccountId)?:/g, '$1:');
}

export const asList = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

export interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource?: unknown;
  Condition?: unknown;
}

/** Every policy document of a template, wherever it stands in a resource. */
export function policiesOf(templates: Templates) {
  return Object.entries(templates).flatMap(([stack, template]) =>
    Object.entries(template.Resources).flatMap(([id, resource]) =>
      documentsIn(resource.Properties).map((statements) => ({ stack, id, template, resource, statements })),
    ),
  );
}

function documentsIn(value: unknown): Statement[][] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Statement' in value && Array.isArray(value.Statement)) return [value.Statement];
  return Object.values(value).flatMap(documentsIn);
}
