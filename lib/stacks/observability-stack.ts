import type { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { StageStack } from './stage-stack.ts';

/** What watches the others: alarms with their impact and runbook, a dashboard, a budget. */
export class ObservabilityStack extends StageStack {
  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'observability', { settings, description: 'alarms, dashboard, budget' });
  }
}
