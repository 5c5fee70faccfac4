import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { authority } from '../../local/pki/authority.ts';
import { deviceRequest } from '../../local/pki/request.ts';
import { ROOT, startStack } from './running-stack.ts';

const run = promisify(execFile);
const READABLE_WITHIN_MS = 10_000;
const found = (program: string) => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
/** aws-iot-device-sdk-v2 brings 100 MB of native libraries, so it is installed beside the repository: see .ci/run. */
const clientsDir = process.env.OUTSIDE_CLIENTS_DIR;
const sdkThere = clientsDir !== undefined && existsSync(join(clientsDir, 'node_modules/aws-iot-device-sdk-v2'));
const withMosquitto = found('mosquitto_pub') ? test : test.skip;
const withSdk = sdkThere ? test : test.skip;

let stack: Awaited<ReturnType<typeof startStack>>;
let files: { ca: string; cert: string; key: string };

beforeAll(async () => {
  if (!sdkThere && !found('mosquitto_pub')) return;
  stack = await startStack(21410);
  const { mqtts, device } = stack.endpoints;
  const [ca, cert, key] = [mqtts.ca, device.certificate, device.key].map((file) => resolve(ROOT, file));
  files = { ca, cert, key } as typeof files;
}, 120_000);
afterAll(() => stack?.stop());

const mosquitto = (topic: string, message: string, identity: string[]) => {
  const { mqtts, device } = stack.endpoints;
  return run(
    'mosquitto_pub',
    [
      ...['-h', mqtts.host, '-p', String(mqtts.port), '--cafile', files.ca, '-i', device.clientId],
      ...['-q', '1', '-t', topic, '-m', message, ...identity],
    ],
    { timeout: 10_000 },
  );
};
const ownIdentity = () => ['--cert', files.cert, '--key', files.key];

/** A reading of an hour of its own, so that one test cannot answer for another. */
function reading(hoursAgo: number, value: number) {
  const start = new Date(Math.floor(Date.now() / 1_800_000) * 1_800_000 - hoursAgo * 3_600_000);
  const example = JSON.parse(stack.endpoints.device.example) as Record<string, unknown>;
  return { ...example, start: start.toISOString().replace('.000', ''), value };
}

async function readable({ start, value }: { start: string; value: number }): Promise<number | undefined> {
  const { api, device } = stack.endpoints;
  const { stdout } = await run('node_modules/.bin/node', ['local/cli/token.ts', 'analyst'], {
    cwd: ROOT,
    env: stack.env,
  });
  const to = new Date(Date.parse(start) + 1_800_000).toISOString();
  const end = Date.now() + READABLE_WITHIN_MS;
  let last: number | undefined;
  while (Date.now() < end) {
    const answer = await fetch(`${api}/meters/${device.meterId}/readings?from=${start}&to=${to}`, {
      headers: { authorization: `Bearer ${stdout.trim()}` },
    });
    last = ((await answer.json()) as { intervals?: { value: number }[] }).intervals?.[0]?.value;
    if (last === value) return last;
    await new Promise((wait) => setTimeout(wait, 100));
  }
  return last;
}

withMosquitto('mosquitto_pub: a reading published with the certificate is returned by the API', async () => {
  const published = reading(2, 0.321);
  await mosquitto(stack.endpoints.device.topic, JSON.stringify(published), ownIdentity());
  expect(await readable(published)).toBe(0.321);
});

withMosquitto('mosquitto_pub: no certificate and a foreign authority are refused', async () => {
  const { topic, clientId } = stack.endpoints.device;
  await expect(mosquitto(topic, '{}', [])).rejects.toThrow();
  const foreign = await authority(join(stack.stateDir, 'foreign'));
  const { request, key } = await deviceRequest(clientId);
  const [certFile, keyFile] = [join(stack.stateDir, 'foreign.pem'), join(stack.stateDir, 'foreign-key.pem')];
  writeFileSync(certFile, await foreign.signRequest(request));
  writeFileSync(keyFile, key);
  await expect(mosquitto(topic, '{}', ['--cert', certFile, '--key', keyFile])).rejects.toThrow();
});

withMosquitto("mosquitto_pub: another device's topic is refused", async () => {
  const { topic, meterId } = stack.endpoints.device;
  const other = topic.replace(meterId, 'm001');
  expect(other).not.toBe(topic);
  await expect(
    mosquitto(other, JSON.stringify({ ...reading(3, 0.9), meterId: 'm001' }), ownIdentity()),
  ).rejects.toThrow();
});

withSdk('aws-iot-device-sdk-v2: a reading published with the certificate is returned by the API', async () => {
  const { mqtt, iot } = createRequire(join(clientsDir ?? '', 'x.js'))('aws-iot-device-sdk-v2') as {
    mqtt: { MqttClient: new () => { new_connection(config: unknown): Connection }; QoS: { AtLeastOnce: number } };
    iot: { AwsIotMqttConnectionConfigBuilder: { new_mtls_builder(cert: string, key: string): Builder } };
  };
  const { mqtts, device } = stack.endpoints;
  const text = (file: string) => readFileSync(file, 'utf8');
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(text(files.cert), text(files.key))
    .with_certificate_authority(text(files.ca))
    .with_endpoint(mqtts.host)
    .with_port(mqtts.port)
    .with_client_id(device.clientId)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  await connection.connect();
  const published = reading(5, 0.654);
  await connection.publish(device.topic, JSON.stringify(published), mqtt.QoS.AtLeastOnce);
  await connection.disconnect();
  expect(await readable(published)).toBe(0.654);
});

interface Connection {
  connect(): Promise<unknown>;
  publish(topic: string, payload: string, qos: number): Promise<unknown>;
  disconnect(): Promise<unknown>;
}
interface Builder {
  with_certificate_authority(pem: string): Builder;
  with_endpoint(host: string): Builder;
  with_port(port: number): Builder;
  with_client_id(id: string): Builder;
  build(): unknown;
}
