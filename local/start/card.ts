import type { Provisioned, Shortcoming } from '../assembly/provision.ts';
import type { BootFailure } from './boot.ts';
import type { Endpoints } from './endpoints.ts';

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

/** Why the cloud did not start, causes before what followed from them. */
export function failureText({ message, failures, missing }: BootFailure): string {
  const lines = [`✗ ${message}`];
  for (const type of unique(missing.map((each) => each.type))) {
    lines.push(
      `  ${type} is not emulated (${missing
        .filter((each) => each.type === type)
        .map(({ stack, logicalId }) => `${stack}/${logicalId}`)
        .join(', ')})`,
    );
  }
  const followed = failures.filter(({ reason }) => reason === 'something it depends on failed');
  for (const { stack, path, logicalId, type, reason } of failures) {
    if (reason !== 'something it depends on failed') lines.push(`  ${stack} ${path || logicalId} (${type}): ${reason}`);
  }
  if (followed.length > 0) lines.push(`  and ${followed.length} more that depend on these`);
  return lines.join('\n');
}

/** Properties that nothing acts on, in one block. */
export function unheededText(unheeded: readonly Shortcoming[]): string {
  if (unheeded.length === 0) return '';
  const types = new Map<string, Set<string>>();
  for (const { type, properties } of unheeded) {
    const known = types.get(type) ?? new Set();
    for (const property of properties) known.add(property);
    types.set(type, known);
  }
  const lines = [...types].map(([type, properties]) => `    ${type}: ${[...properties].join(', ')}`);
  return `\n  ! In the templates, but without effect here:\n${lines.join('\n')}\n`;
}

/** What a person needs once everything runs. */
export function readyCard(endpoints: Partial<Endpoints>, outcome: Provisioned, readyMs: number): string {
  const lines = ['', `  Ready in ${(readyMs / 1000).toFixed(1)} s`, ''];
  const link = (name: string, address: string | undefined) => {
    if (address !== undefined) lines.push(`    ${name.padEnd(11)} ${address}`);
  };
  link('Dashboard', endpoints.web);
  link('Console', endpoints.console);
  link('API', endpoints.api);
  if (endpoints.mqtts)
    link('MQTT', `mqtts://${endpoints.mqtts.host}:${endpoints.mqtts.port}  (CA ${endpoints.mqtts.ca})`);
  if (endpoints.users && endpoints.users.length > 0) {
    lines.push('', '    Sign in as');
    for (const { group, username, password } of endpoints.users)
      lines.push(`      ${group.padEnd(9)} ${username}  ${password}`);
  }
  lines.push('', '    Try next');
  if (endpoints.api)
    lines.push(`      curl -H "Authorization: $(npm run -s token -- viewer)" ${endpoints.api}/system/load`);
  const { device, mqtts } = endpoints;
  if (device && mqtts) {
    lines.push(
      `      mosquitto_pub -h ${mqtts.host} -p ${mqtts.port} --cafile ${mqtts.ca} --cert ${device.certificate} --key ${device.key} \\`,
      `        -i ${device.clientId} -q 1 -t '${device.topic}' \\`,
      `        -m '${device.example}'`,
    );
  }
  const slowest = [...outcome.spentMs]
    .filter(([, ms]) => ms > 200)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5);
  if (slowest.length > 0) {
    lines.push('', '    Where the time went (waits included)');
    for (const [type, ms] of slowest) lines.push(`      ${type.padEnd(40)} ${(ms / 1000).toFixed(1)} s`);
  }
  lines.push('', '    Ctrl-C stops everything; what was stored stays in .local/', '');
  return `${lines.join('\n')}\n`;
}
