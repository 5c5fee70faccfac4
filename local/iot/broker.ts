import { constants } from 'node:crypto';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Aedes, type AedesPublishPacket, type Client } from 'aedes';
import type { Cloud } from '../kernel/types.ts';
import { IOT_LIMITS, publishViolation, Rate, topicViolation } from './limits.ts';
import type { IotMetrics } from './metrics.ts';
import { ConnectionPolicy } from './policy.ts';
import { certificateIdOf, type RegisteredCertificate, type Registry } from './registry.ts';
import type { RuleEngine } from './rules.ts';

export interface BrokerOptions {
  cloud: Cloud;
  registry: Registry;
  rules: RuleEngine;
  metrics: IotMetrics;
  /** PEM. */
  ca: string;
  certificate: string;
  key: string;
  port: number;
  host?: string;
}

/** One device's connection, judged once at CONNECT. */
interface Connection {
  certificateId: string;
  policy: ConnectionPolicy;
  publishes: Rate;
  bytes: Rate;
  subscriptions: Set<string>;
}

const REFUSED_IDENTIFIER = 2;
const NOT_AUTHORISED = 5;
/** Where a publish goes that AWS discards without an acknowledgement. */
const DISCARDED = '$SYS/discarded';

/**
 * The device gateway: MQTT 3.1.1 over mutual TLS as AWS IoT Core speaks it. A QoS 1 publish is acknowledged after the
 * rules' actions are done, so a record that a device saw acknowledged is on disk: stricter than AWS, where PUBACK proves
 * only that the broker has it. Source: AWS IoT Core developer guide, "MQTT" and "differences from MQTT specifications".
 */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #connections = new Map<Client, Connection>();
  #server: Server | undefined;
  #aedes: Aedes | undefined;

  constructor(options: BrokerOptions) {
    this.#options = options;
    options.registry.onChange((certificateId) => this.#judgeAgain(certificateId));
  }

  /** Ids of the clients that are connected now. */
  get clientIds(): string[] {
    return [...this.#connections.keys()].map((client) => client.id);
  }

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({
      preConnect: (client, packet, done) => {
        const { clientId } = packet;
        packet.keepalive = keepAlive(packet.keepalive);
        const bytes = Buffer.byteLength(clientId);
        if (bytes === 0 || bytes > IOT_LIMITS.maxClientIdBytes) {
          done(new Error(`client id of ${bytes} bytes`), false);
        } else if (this.#registered(client)) done(null, true);
        else done(new Error('certificate is not active'), false);
      },
      authenticate: (client, _username, _password, done) => {
        const error = this.#connect(client);
        if (error === undefined) done(null, true);
        else done(Object.assign(new Error(error.reason), { returnCode: error.code }) as never, false);
      },
      authorizePublish: (client, packet, done) => {
        if (client === null) done(null);
        else void this.#publish(client, packet as AedesPublishPacket).then(() => done(null), done);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const { topic, qos } = subscription;
        const reason = client && this.#subscribeViolation(client, topic);
        if (reason) {
          this.#options.metrics.count('Subscribe.AuthError', 'Protocol', 'MQTT');
          done(new Error(reason), null);
        } else {
          this.#options.metrics.count('Subscribe.Success', 'Protocol', 'MQTT');
          // AWS has no QoS 2; the subscription itself fails.
          done(null, qos === 2 ? null : subscription);
        }
      },
      authorizeForward: (client, packet) => {
        const connection = this.#connections.get(client);
        const resource = this.#arn(`topic/${packet.topic}`);
        return connection?.policy.allows('iot:Receive', resource) ? packet : null;
      },
    } as ConstructorParameters<typeof Aedes>[0]);
    aedes.on('unsubscribe', (topics, client) => {
      for (const topic of topics) this.#connections.get(client)?.subscriptions.delete(topic);
    });
    aedes.on('clientDisconnect', (client) => this.#connections.delete(client));
    aedes.on('clientError', (client, error) => this.#log(`client ${client.id}: ${error.message}`));
    aedes.on('connectionError', (_client, error) => this.#log(`connection refused: ${error.message}`));
    this.#aedes = aedes;
    const { ca, certificate, key, port, host = '127.0.0.1' } = this.#options;
    const server = createServer(
      {
        ca,
        cert: certificate,
        key,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        // A resumed session would skip the certificate that may have been revoked meanwhile.
        secureOptions: constants.SSL_OP_NO_TICKET,
        noDelay: true,
      },
      (socket) => {
        socket.on('error', () => socket.destroy());
        aedes.handle(socket as never);
      },
    );
    server.on('tlsClientError', (error) => this.#log(`TLS refused: ${error.message}`));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const aedes = this.#aedes;
    const server = this.#server;
    if (aedes) await new Promise<void>((resolve) => aedes.close(() => resolve()));
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** A publish of the cloud itself: `iotdata:Publish` and republish actions. Rules run for it like for a device's. */
  async publish(topic: string, payload: Buffer, qos: 0 | 1, retain = false): Promise<void> {
    await this.#options.rules.accept({ topic, payload, clientId: '', principal: '' });
    await new Promise<void>((resolve, reject) => {
      const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false } as const;
      this.#aedes?.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  #registered(client: Client): RegisteredCertificate | undefined {
    const der = (client.conn as unknown as TLSSocket).getPeerCertificate().raw;
    if (!der) return undefined;
    const certificate = this.#options.registry.certificates.get(certificateIdOf(der));
    if (certificate?.status === 'ACTIVE') return certificate;
    this.#options.metrics.count('Connect.AuthError', 'Protocol', 'MQTT');
    this.#log(certificate ? `certificate ${certificate.status}` : 'certificate is not registered');
    return undefined;
  }

  #connect(client: Client): { code: number; reason: string } | undefined {
    const { registry, metrics, cloud } = this.#options;
    const certificate = this.#registered(client);
    if (!certificate) return { code: REFUSED_IDENTIFIER, reason: 'certificate is not active' };
    const policy = this.#policyOf(client.id, certificate);
    if (!policy.allows('iot:Connect', this.#arn(`client/${client.id}`))) {
      metrics.count('Connect.AuthError', 'Protocol', 'MQTT');
      return { code: NOT_AUTHORISED, reason: `iot:Connect denied for client ${client.id}` };
    }
    metrics.count('Connect.Success', 'Protocol', 'MQTT');
    const now = cloud.clock();
    this.#connections.set(client, {
      certificateId: registry.certificate(certificate.certificateId).certificateId,
      policy,
      publishes: new Rate(IOT_LIMITS.publishesPerSecondPerConnection, now),
      bytes: new Rate(IOT_LIMITS.bytesPerSecondPerConnection, now),
      subscriptions: new Set(),
    });
    return undefined;
  }

  /** Thing variables have a value only if the client id names a thing that this certificate is attached to. */
  #policyOf(clientId: string, certificate: RegisteredCertificate): ConnectionPolicy {
    const { registry } = this.#options;
    const thing = registry.things.get(clientId);
    const attached = thing?.principals.includes(certificate.certificateId) ?? false;
    const attributes = Object.entries((attached && thing?.attributes) || {});
    return new ConnectionPolicy(registry.policiesOf(certificate), {
      'iot:ClientId': clientId,
      'iot:Connection.Thing.ThingName': attached ? clientId : undefined,
      'iot:Connection.Thing.ThingTypeName': attached ? thing?.thingTypeName : undefined,
      'iot:Connection.Thing.IsAttached': String(attached),
      ...Object.fromEntries(attributes.map(([name, text]) => [`iot:Connection.Thing.Attributes[${name}]`, text])),
    });
  }

  /** Resolves when the publish may be acknowledged; rejects where AWS closes the connection. */
  async #publish(client: Client, packet: AedesPublishPacket): Promise<void> {
    const { metrics, rules, cloud } = this.#options;
    const connection = this.#connections.get(client);
    if (!connection) throw new Error('the connection is gone');
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    const { topic } = packet;
    const violation = publishViolation(topic, payload.length);
    if (violation) {
      metrics.count('PublishIn.ClientError', 'Protocol', 'MQTT');
      throw new Error(violation);
    }
    const resource = this.#arn(`topic/${topic}`);
    const may = (action: string) => connection.policy.allows(action, resource);
    if (!may('iot:Publish') || (packet.retain && !may('iot:RetainPublish'))) {
      metrics.count('PublishIn.AuthError', 'Protocol', 'MQTT');
      throw new Error(`iot:Publish denied on ${topic}`);
    }
    const now = cloud.clock();
    if (!connection.publishes.take(1, now) || !connection.bytes.take(payload.length, now)) {
      metrics.count('PublishIn.Throttle', 'Protocol', 'MQTT');
      return discard(packet);
    }
    // AWS sends neither PUBACK nor PUBREC for QoS 2.
    if (packet.qos === 2) return discard(packet);
    await rules.accept({ topic, payload, clientId: client.id, principal: connection.certificateId });
    metrics.count('PublishIn.Success', 'Protocol', 'MQTT');
  }

  #subscribeViolation(client: Client, topic: string): string | undefined {
    const connection = this.#connections.get(client);
    if (!connection) return 'the connection is gone';
    connection.subscriptions.add(topic);
    if (connection.subscriptions.size > IOT_LIMITS.maxSubscriptionsPerConnection) {
      return `more than ${IOT_LIMITS.maxSubscriptionsPerConnection} subscriptions`;
    }
    if (!connection.policy.allows('iot:Subscribe', this.#arn(`topicfilter/${topic}`))) {
      return `iot:Subscribe denied on ${topic}`;
    }
    return topicViolation(topic);
  }

  /** A revoked or detached certificate loses its live sessions at once. */
  #judgeAgain(certificateId: string): void {
    const certificate = this.#options.registry.certificates.get(certificateId);
    for (const [client, connection] of this.#connections) {
      if (connection.certificateId !== certificateId) continue;
      const policy = certificate?.status === 'ACTIVE' ? this.#policyOf(client.id, certificate) : undefined;
      if (policy?.allows('iot:Connect', this.#arn(`client/${client.id}`))) {
        connection.policy = policy;
      } else {
        this.#log(`client ${client.id}: its certificate lost the right to be connected`);
        client.close();
      }
    }
  }

  #arn(resource: string): string {
    const { cloud } = this.#options;
    return `arn:aws:iot:${cloud.region}:${cloud.accountId}:${resource}`;
  }

  #log(text: string): void {
    this.#options.cloud.log({ source: 'iot', time: this.#options.cloud.clock(), text });
  }
}

/** Turns a publish into one that reaches nobody and is not acknowledged. */
function discard(packet: AedesPublishPacket): void {
  packet.qos = 0;
  packet.retain = false;
  packet.topic = DISCARDED;
  packet.payload = Buffer.alloc(0);
}

/** AWS takes 0 for its longest and moves others into its bounds. */
function keepAlive(seconds: number | undefined): number {
  if (!seconds) return IOT_LIMITS.maxKeepAliveSeconds;
  return Math.min(Math.max(seconds, IOT_LIMITS.minKeepAliveSeconds), IOT_LIMITS.maxKeepAliveSeconds);
}
