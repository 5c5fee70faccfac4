import { RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { publishWire, readWire, type Wire } from '../config/wires.ts';
import type { DatabaseUser } from '../constructs/grants.ts';

export interface StageStackProps {
  readonly settings: StageSettings;
  /** What the stack is for, as people read it in the CloudFormation console. */
  readonly description: string;
}

/** A stack of one stage. It knows no account, no region and no other stack: it reads what those before it published. */
export abstract class StageStack extends Stack {
  readonly settings: StageSettings;

  constructor(scope: Construct, part: string, { settings, description }: StageStackProps) {
    super(scope, `smart-grid-${settings.stage}-${part}`, {
      description: `Smart Grid Analytics, ${settings.stage}: ${description}`,
      terminationProtection: settings.retainData,
    });
    this.settings = settings;
    Tags.of(this).add('application', 'smart-grid');
    Tags.of(this).add('stage', settings.stage);
  }

  protected publish(wire: Wire, value: string): void {
    publishWire(this, this.settings.stage, wire, value);
  }

  protected wire(wire: Wire): string {
    return readWire(this, this.settings.stage, wire);
  }

  /** What becomes of data when its stack is removed. */
  protected get dataRemoval(): RemovalPolicy {
    return this.settings.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  }

  /** Where functions that reach the database run: the isolated subnets and their security group. */
  protected functionNetwork() {
    return {
      subnetIds: [this.wire('network/subnet-1-id'), this.wire('network/subnet-2-id')],
      securityGroupId: this.wire('network/function-security-group-id'),
    };
  }

  /** The variables by which a function in the VPC finds the database. */
  protected databaseEnvironment(user: DatabaseUser) {
    return {
      DATABASE_HOST: this.wire('storage/database-host'),
      DATABASE_PORT: this.wire('storage/database-port'),
      ...databaseConstants(user),
    };
  }
}

/** Why a custom resource's function has no dead-letter queue. */
export const CLOUDFORMATION_WAITS =
  'CloudFormation waits for its answer and rolls back on failure or silence: nothing would read a dead letter';

/** Name of the database, and where Lambda's Node runtimes keep the RDS certificate authorities. */
export const DATABASE_NAME = 'grid';
export const databaseConstants = (user: DatabaseUser) => ({
  DATABASE_NAME,
  DATABASE_USER: user,
  DATABASE_CA_FILE: '/var/runtime/ca-cert.pem',
});
