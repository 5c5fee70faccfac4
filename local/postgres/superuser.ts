import type { Backend } from './backend.ts';
import { MessageReader, query, startup } from './messages.ts';

/** Runs SQL as the server's superuser, as the RDS control plane does. @returns the first column of every row. @throws on an SQL error. */
export const asSuperuser = (backend: Backend, database: string, sql: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const connection = backend.connect();
    const reader = new MessageReader({ startup: false });
    const rows: string[] = [];
    let failure: string | undefined;
    let asked = false;
    connection.on('error', reject);
    connection.on('close', () => reject(new Error('PostgreSQL closed the connection')));
    connection.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let message = reader.next(); message !== undefined; message = reader.next()) {
        const type = String.fromCharCode(message[0] ?? 0);
        if (type === 'E')
          failure = message
            .subarray(5)
            .toString('utf8')
            .split('\0')
            .find((field) => field.startsWith('M'))
            ?.slice(1);
        if (type === 'E' && !asked) return reject(new Error(failure));
        if (type === 'D' && message.readInt16BE(5) > 0)
          rows.push(message.subarray(11, 11 + Math.max(0, message.readInt32BE(7))).toString('utf8'));
        if (type !== 'Z') continue;
        if (asked) {
          connection.removeAllListeners('close');
          connection.end(Buffer.from('5800000004', 'hex'));
          return failure === undefined ? resolve(rows) : reject(new Error(failure));
        }
        asked = true;
        connection.write(query(sql));
      }
    });
    connection.write(
      startup(
        new Map([
          ['user', 'postgres'],
          ['database', database],
        ]),
      ),
    );
  });
