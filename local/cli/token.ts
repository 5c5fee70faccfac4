import { localToken } from './local-token.ts';

const HELP = `npm run -s token -- GROUP

  Prints an access token of the running local stack, for curl:

    curl -H "Authorization: $(npm run -s token -- viewer)" "$API/system/load"

  GROUP       viewer, analyst, operator or admin: signs in as that group's local user (code flow with PKCE);
              headend: the head-end system (client credentials, scope grid/ingest)
  --help      this text
`;

const [name, ...more] = process.argv.slice(2);
if (name === '--help' || name === '-h') {
  process.stdout.write(HELP);
} else if (!name || more.length > 0 || name.startsWith('-')) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  try {
    process.stdout.write(`${await localToken(name)}\n`);
  } catch (error) {
    const refused = error instanceof TypeError && error.message === 'fetch failed';
    const text = refused
      ? 'The local stack does not answer. Is it running? Start it with: npm start'
      : (error as Error).message;
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
