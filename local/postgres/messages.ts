/** Framing of PostgreSQL's wire protocol 3.0. Source: PostgreSQL documentation, "Message Formats". */

export const SSL_REQUEST = 80877103;
export const CANCEL_REQUEST = 80877102;
export const GSS_REQUEST = 80877104;
export const PROTOCOL_3 = 196608;

/** Splits a byte stream into messages: an untyped first one (start-up), then typed ones. */
export class MessageReader {
  private pending: Buffer = Buffer.alloc(0);
  private typed: boolean;

  constructor(options: { startup: boolean }) {
    this.typed = !options.startup;
  }

  /** After the start-up message, messages carry a type byte. */
  expectTyped(): void {
    this.typed = true;
  }

  push(chunk: Buffer): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
  }

  /** The next whole message, or undefined until more bytes arrive. */
  next(): Buffer | undefined {
    const header = this.typed ? 5 : 4;
    if (this.pending.length < header) return undefined;
    const length = this.pending.readInt32BE(header - 4) + (this.typed ? 1 : 0);
    if (length < header || length > 1 << 30) throw new Error('malformed message length');
    if (this.pending.length < length) return undefined;
    const message = this.pending.subarray(0, length);
    this.pending = this.pending.subarray(length);
    return message;
  }

  /** Bytes received and not yet taken as messages. */
  rest(): Buffer {
    const rest = this.pending;
    this.pending = Buffer.alloc(0);
    return rest;
  }
}

export const typed = (type: string, body: Buffer): Buffer => {
  const message = Buffer.alloc(5 + body.length);
  message.write(type, 0, 'latin1');
  message.writeInt32BE(4 + body.length, 1);
  body.copy(message, 5);
  return message;
};

const int32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(n);
  return bytes;
};

export const AUTHENTICATION_OK = typed('R', int32(0));
export const AUTHENTICATION_CLEARTEXT_PASSWORD = typed('R', int32(3));
export const readyForQuery = (status: 'I' | 'T' | 'E'): Buffer => typed('Z', Buffer.from(status));
export const parameterStatus = (name: string, value: string): Buffer => typed('S', Buffer.from(`${name}\0${value}\0`));
export const query = (sql: string): Buffer => typed('Q', Buffer.from(`${sql}\0`));

/** SQLSTATE codes: PostgreSQL documentation, appendix A. */
export const errorResponse = (sqlState: string, message: string): Buffer =>
  typed('E', Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0M${message}\0\0`));

export const startupParameters = (message: Buffer): Map<string, string> => {
  const fields = message.subarray(8).toString('utf8').split('\0');
  const parameters = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length && fields[i] !== ''; i += 2)
    parameters.set(fields[i] ?? '', fields[i + 1] ?? '');
  return parameters;
};

export const startup = (parameters: ReadonlyMap<string, string>): Buffer => {
  const body = Buffer.from(`${[...parameters].map(([k, v]) => `${k}\0${v}\0`).join('')}\0`);
  return Buffer.concat([int32(8 + body.length), int32(PROTOCOL_3), body]);
};
