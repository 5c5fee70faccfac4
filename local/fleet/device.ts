import mqtt, { type MqttClient } from 'mqtt';
import { Rate } from '../iot/limits.ts';
import type { DeviceIdentity } from './provision.ts';

export interface Gateway {
  host: string;
  port: number;
  /** PEM. */
  ca: string;
}

/** Below IoT's limits per connection (100 publishes/s, 512 KiB/s), because what goes beyond is discarded unacknowledged. */
const PUBLISHES_PER_SECOND = 80;
const BYTES_PER_SECOND = 400 * 1024;
const PAUSE_MS = 25;
const ACKNOWLEDGEMENT_MS = 20_000;
const RECONNECT_MS = 1000;
/** Once it was connected, only another client with this identity ends its session; that one is not fought for it at once. */
const YIELD_MS = 60_000;

/** One simulated device's own MQTT connection. */
export class Device {
  readonly deviceId: string;
  readonly #client: MqttClient;
  readonly #publishes = new Rate(PUBLISHES_PER_SECOND, Date.now());
  readonly #bytes = new Rate(BYTES_PER_SECOND, Date.now());

  constructor(identity: DeviceIdentity, gateway: Gateway) {
    this.deviceId = identity.deviceId;
    this.#client = mqtt.connect({
      protocol: 'mqtts',
      host: gateway.host,
      port: gateway.port,
      ca: gateway.ca,
      cert: identity.certificate,
      key: identity.key,
      clientId: identity.deviceId,
      clean: true,
      keepalive: 600,
      reconnectPeriod: RECONNECT_MS,
    });
    this.#client.once('connect', () => {
      this.#client.options.reconnectPeriod = YIELD_MS;
    });
    // Without a listener an unreachable broker would end the process; the client tries again by itself.
    this.#client.on('error', () => {});
  }

  get online(): boolean {
    return this.#client.connected;
  }

  /** Resolves when the broker has acknowledged (QoS 1), however many connections that takes. */
  async publish(topic: string, payload: Buffer): Promise<void> {
    while (!this.#publishes.take(1, Date.now()) || !this.#bytes.take(payload.length, Date.now())) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    const retry = setInterval(() => {
      if (this.#client.connected) this.#client.reconnect();
    }, ACKNOWLEDGEMENT_MS);
    try {
      await this.#client.publishAsync(topic, payload, { qos: 1 });
    } finally {
      clearInterval(retry);
    }
  }

  end(): void {
    this.#client.end(true);
  }
}
