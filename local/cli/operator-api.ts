import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { localToken } from './local-token.ts';

/** Flags by which an operator's command finds the API and signs in; the same for every such command. */
export const API_FLAGS = {
  endpoints: { type: 'string' },
  token: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const API_FLAGS_HELP = `  --endpoints FILE    as npm start writes it (default .local/endpoints.json); for a deployed stage a file with "api"
  --token TOKEN       an access token (or GRID_TOKEN); without one the local stack's user of the group signs in
  --help              this text
`;

interface Problem {
  title: string;
  detail: string;
  violations: { path: string; message: string }[];
}

/** Calls the API as a person of a group. @throws Error that names every violation, or says what to do. */
export function operatorApi(flags: { endpoints?: string | undefined; token?: string | undefined }, group: string) {
  const stateDir = resolve(import.meta.dirname, '../..', process.env.GRID_STATE_DIR ?? '.local');
  const file = resolve(flags.endpoints ?? join(stateDir, 'endpoints.json'));
  let token: Promise<string> | undefined;
  return async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const given = flags.token ?? process.env.GRID_TOKEN;
    token ??= given ? Promise.resolve(given) : localToken(group);
    const response = await fetch(`${apiAt(file)}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${await token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (response.ok) return answer;
    const { title, detail, violations = [] } = answer as unknown as Problem;
    const what = violations.length > 0 ? `${title}:` : `${title}: ${detail}`;
    throw new Error([what, ...violations.map((one) => `  ${one.path} ${one.message}`)].join('\n'));
  };
}

function apiAt(file: string): string {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { api: string }).api;
  } catch {
    throw new Error(`${file} is not there: start the local stack with npm start, or say --endpoints FILE`);
  }
}
