import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud, PendingResource, Provider } from '../kernel/types.ts';
import type {} from '../kinesis/index.ts';
import { type Authority, authority } from '../pki/authority.ts';
import type { StreamAppend } from './actions.ts';
import { Broker } from './broker.ts';
import { ControlPlane } from './control-plane.ts';
import { IotMetrics } from './metrics.ts';
import type { PolicyDocument } from './policy.ts';
import { Registry } from './registry.ts';
import { RuleEngine } from './rules.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    iot?: {
      host: string;
      port: number;
      /** PEM file of the CA that devices must trust. */
      caFile: string;
      /** Ids of the clients connected now. */
      clientIds(): string[];
      ruleNames(): string[];
    };
  }
}

/** MQTT over TLS, from `cloud.portBase`: 8883 on AWS, +83 here. */
export const MQTT_PORT_OFFSET = 83;

/** AWS IoT Core: things and certificates, the device gateway, topic rules. */
export const iot = (): { providers: Provider[] } => ({ providers: [new IotProvider()] });

class IotProvider implements Provider {
  readonly types: Provider['types'] = {
    'AWS::IoT::Policy': { honours: ['PolicyName', 'PolicyDocument'], passesOver: { Tags: 'no billing here' } },
    'AWS::IoT::TopicRule': { honours: ['RuleName', 'TopicRulePayload'], passesOver: { Tags: 'no billing here' } },
    'AWS::IoT::ThingType': { honours: ['ThingTypeName'], passesOver: { Tags: 'no billing here' } },
    'AWS::IoT::Logging': {
      honours: [],
      passesOver: {
        AccountId: 'there is one account',
        DefaultLogLevel: 'the console shows every line of the broker and the rules',
        RoleArn: 'log lines do not pass through CloudWatch Logs here',
      },
    },
  };
  #parts: Promise<Parts> | undefined;

  async create(resource: PendingResource, cloud: Cloud) {
    this.#parts ??= open(cloud);
    const parts = await this.#parts;
    const { properties } = resource;
    const named = (property: string) => String(properties[property] ?? `${resource.stack}${resource.logicalId}`);
    switch (resource.type) {
      case 'AWS::IoT::Policy': {
        const name = named('PolicyName');
        parts.registry.declarePolicy(name, properties.PolicyDocument as PolicyDocument);
        return { physicalId: name, attributes: { Arn: cloud.arn('iot', `policy/${name}`), Id: name } };
      }
      case 'AWS::IoT::TopicRule': {
        const name = named('RuleName').replaceAll('-', '_');
        const arn = cloud.arn('iot', `rule/${name}`);
        parts.rules.declare(resource, name, {
          ruleArn: arn,
          append: () => streamAppend(cloud),
          republish: (topic, payload, qos) => parts.broker.publish(topic, payload, qos),
        });
        return { physicalId: name, attributes: { Arn: arn } };
      }
      case 'AWS::IoT::ThingType': {
        const name = named('ThingTypeName');
        return { physicalId: name, attributes: { Arn: cloud.arn('iot', `thingtype/${name}`), Id: name } };
      }
      default:
        return { physicalId: cloud.accountId };
    }
  }

  async start(cloud: Cloud): Promise<void> {
    this.#parts ??= open(cloud);
    await (await this.#parts).broker.start();
    writeOperator(cloud);
  }

  async stop(): Promise<void> {
    const parts = await this.#parts;
    await parts?.broker.stop();
    parts?.metrics.stop();
  }
}

/** What `npm run grid` calls this cloud with, as `aws configure` would keep it for a deployed stage. */
function writeOperator(cloud: Cloud): void {
  const file = join(cloud.stateDir, 'operator.json');
  const { endpoint, region, stage } = cloud;
  const credentials = cloud.credentials({ kind: 'operator' });
  writeFileSync(`${file}.tmp`, JSON.stringify({ endpoint, region, stage, credentials }), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

interface Parts {
  registry: Registry;
  rules: RuleEngine;
  broker: Broker;
  metrics: IotMetrics;
}

async function open(cloud: Cloud): Promise<Parts> {
  const ca: Authority = await authority(cloud.stateDir);
  const { certificate, key } = await ca.issueServer(['localhost', '127.0.0.1', '::1']);
  const registry = new Registry(cloud.stateDir);
  const metrics = new IotMetrics(cloud);
  const rules = new RuleEngine(cloud, metrics);
  const port = cloud.portBase + MQTT_PORT_OFFSET;
  const broker = new Broker({ cloud, registry, rules, metrics, ca: ca.certificate, certificate, key, port });
  cloud.addService(
    new ControlPlane({
      cloud,
      registry,
      authority: ca,
      address: `localhost:${port}`,
      publish: (topic, payload, qos, retain) => broker.publish(topic, payload, qos, retain),
    }),
  );
  cloud.shared.iot = {
    host: 'localhost',
    port,
    caFile: ca.certificateFile,
    clientIds: () => broker.clientIds,
    ruleNames: () => rules.names,
  };
  return { registry, rules, broker, metrics };
}

/** The streams' durable append, when the streams publish one; else the rule goes through PutRecord. */
function streamAppend(cloud: Cloud): StreamAppend | undefined {
  const { kinesis } = cloud.shared;
  return kinesis && ((streamName, record) => kinesis.append(cloud.arn('kinesis', `stream/${streamName}`), [record]));
}
