import { App, DefaultStackSynthesizer, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { type StageSettings, stageSettings } from '../config/stages.ts';
import { AccountStack } from './account-stack.ts';
import { AlertsStack } from './alerts-stack.ts';
import { ApiStack } from './api-stack.ts';
import { IngestionStack } from './ingestion-stack.ts';
import { IntelligenceStack } from './intelligence-stack.ts';
import { NetworkStack } from './network-stack.ts';
import { ObservabilityStack } from './observability-stack.ts';
import { ProcessingStack } from './processing-stack.ts';
import { SettingsStack } from './settings-stack.ts';
import { StorageStack } from './storage-stack.ts';
import { WebStack } from './web-stack.ts';

export interface SmartGridAppProps {
  /** Absolute path of the cloud assembly to write. */
  readonly outdir: string;
  /** Absolute path of the built dashboard. */
  readonly site: string;
  /** In place of what the CDK command line gives. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** The stacks of one stage in the order of the data's flow, and that of the account. Needs no credentials and looks nothing up. */
export function smartGridApp({ outdir, site, context = {} }: SmartGridAppProps): { app: App; settings: StageSettings } {
  const app = new App({
    outdir,
    // As the CDK command sets them: templates then say which construct and which asset a resource is.
    context: { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true, ...context },
    analyticsReporting: false,
    // `npm run preflight` and the CDK command check the bootstrap; a rule in each template would check it a third time.
    defaultStackSynthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  const settings = stageSettings({ stage: app.node.tryGetContext('stage'), stages: app.node.tryGetContext('stages') });
  const stacks = [
    new AccountStack(app),
    new NetworkStack(app, settings),
    new StorageStack(app, settings),
    new SettingsStack(app, settings),
    new IngestionStack(app, settings),
    new ProcessingStack(app, settings),
    new IntelligenceStack(app, settings),
    new ApiStack(app, settings),
    new WebStack(app, settings, { site }),
    new AlertsStack(app, settings),
    new ObservabilityStack(app, settings),
  ];
  // Each reads parameters that those before it published.
  stacks.forEach((stack, place) => {
    const before = stacks[place - 1];
    if (before) stack.addStackDependency(before, 'reads what it published');
  });
  return { app, settings };
}
