import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';

export interface Concentrator {
  concentratorId: string;
  stage: string;
  host: string;
  port: number;
  /** Paths of PEM files. */
  ca: string | undefined;
  certificate: string;
  key: string;
}

/** Below the 100 publishes a second of a connection. https://docs.aws.amazon.com/general/latest/gr/iot-core.html */
const PER_SECOND = 90;
/** ... and its 512 KiB a second. */
const BYTES_PER_SECOND = 480 * 1024;

/** Publishes messages one after the other, each acknowledged before the next. @throws what the connection fails with. */
export async function publishAll(
  concentrator: Concentrator,
  messages: Iterable<Uint8Array>,
  published: (bytes: number) => void,
): Promise<void> {
  const { concentratorId, stage, host, port, ca, certificate, key } = concentrator;
  const client = await connectAsync({
    protocol: 'mqtts',
    host,
    port,
    clientId: concentratorId,
    cert: readFileSync(certificate),
    key: readFileSync(key),
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    reconnectPeriod: 0,
    connectTimeout: 10_000,
  });
  try {
    const topic = `$aws/rules/${stage}_concentrator_interval_columns/concentrators/${concentratorId}/interval-columns`;
    for (const bytes of messages) {
      const started = performance.now();
      await client.publishAsync(topic, Buffer.from(bytes), { qos: 1 });
      published(bytes.length);
      const due = Math.max(1000 / PER_SECOND, (1000 * bytes.length) / BYTES_PER_SECOND);
      const left = due - (performance.now() - started);
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    }
  } finally {
    await client.endAsync();
  }
}
