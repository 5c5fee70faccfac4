import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Backend } from './backend.ts';
import {
  AUTHENTICATION_CLEARTEXT_PASSWORD,
  CANCEL_REQUEST,
  errorResponse,
  GSS_REQUEST,
  MessageReader,
  SSL_REQUEST,
  startup,
  startupParameters,
} from './messages.ts';

/** Answers undefined when the token lets `user` in, else why not (logged here, never told to the caller). */
export type TokenCheck = (user: string, token: string) => Promise<string | undefined>;

export interface FrontOptions {
  port: number;
  certificate: string;
  key: string;
  backend: Backend;
  /** Where every session goes, whatever database it names. */
  database: string;
  check: TokenCheck;
  refused(user: string, why: string): void;
}

/** RDS with `rds.force_ssl`: a connection without TLS is refused before authentication. */
const NO_ENCRYPTION = 'no pg_hba.conf entry for this host, no encryption';

const refuse = (socket: Duplex, sqlState: string, message: string): void => {
  socket.end(errorResponse(sqlState, message));
};

const authenticate = (socket: TLSSocket, options: FrontOptions): void => {
  const reader = new MessageReader({ startup: true });
  let parameters: Map<string, string> | undefined;
  const onData = async (chunk: Buffer) => {
    reader.push(chunk);
    let message: Buffer | undefined;
    try {
      message = reader.next();
    } catch {
      return socket.destroy();
    }
    if (message === undefined) return;
    if (parameters === undefined) {
      parameters = startupParameters(message);
      reader.expectTyped();
      socket.write(AUTHENTICATION_CLEARTEXT_PASSWORD);
      return;
    }
    socket.off('data', onData);
    const user = parameters.get('user') ?? '';
    const token = message.subarray(5, message.length - 1).toString('utf8');
    socket.pause();
    const why = message[0] === 0x70 ? await options.check(user, token) : 'no password was sent';
    if (why !== undefined) {
      options.refused(user, why);
      return refuse(socket, '28000', `PAM authentication failed for user "${user}"`);
    }
    parameters.set('database', options.database);
    join(socket, options.backend.connect(), startup(parameters), reader.rest());
  };
  socket.on('data', onData);
};

/** The backend trusts the user named at start-up, so its answer begins with AuthenticationOk and the client goes on as if it were the server. */
const join = (client: TLSSocket, server: Duplex, opening: Buffer, early: Buffer): void => {
  server.on('error', () => client.destroy());
  client.on('error', () => server.destroy());
  client.on('close', () => server.destroy());
  server.on('close', () => client.end());
  server.write(early.length === 0 ? opening : Buffer.concat([opening, early]));
  server.pipe(client);
  client.pipe(server);
};

const accept = (socket: Socket, options: FrontOptions, context: ReturnType<typeof createSecureContext>): void => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.once('data', (chunk) => {
    const code = chunk.length >= 8 ? chunk.readInt32BE(4) : 0;
    if (code === GSS_REQUEST) {
      socket.write('N');
      return accept(socket, options, context);
    }
    if (code === CANCEL_REQUEST) return socket.destroy();
    if (code !== SSL_REQUEST) return refuse(socket, '28000', NO_ENCRYPTION);
    socket.write('S');
    const secure = new TLSSocket(socket, { isServer: true, secureContext: context });
    secure.on('error', () => secure.destroy());
    authenticate(secure, options);
  });
};

/** Listens on loopback for TLS connections whose password is an RDS IAM token. */
export const listen = (options: FrontOptions): Promise<Server> => {
  const context = createSecureContext({ cert: options.certificate, key: options.key });
  const server = createServer((socket) => accept(socket, options, context));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', () => resolve(server));
  });
};
