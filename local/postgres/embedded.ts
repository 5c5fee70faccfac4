import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Backend } from './backend.ts';
import {
  AUTHENTICATION_OK,
  errorResponse,
  MessageReader,
  parameterStatus,
  query,
  readyForQuery,
  startupParameters,
} from './messages.ts';

/**
 * PGlite has one backend, so its sessions take turns: a session holds the backend from the first message of a
 * request until the answer leaves no transaction open.
 */
class Turns {
  private tail: Promise<void> = Promise.resolve();

  async take(): Promise<() => void> {
    let release: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    const before = this.tail;
    this.tail = before.then(() => mine);
    await before;
    return release;
  }
}

interface Executor {
  execute(bytes: Buffer): Promise<Buffer>;
  /** The user whose rights the backend has now. */
  user: string;
}

/** The status of the last ReadyForQuery in an answer; undefined when it holds none. */
const transactionStatus = (answer: Buffer): string | undefined =>
  answer.length >= 6 && answer[answer.length - 6] === 0x5a
    ? String.fromCharCode(answer[answer.length - 1] ?? 0)
    : undefined;

class Session extends Duplex {
  private readonly reader = new MessageReader({ startup: true });
  private readonly executor: Executor;
  private readonly turns: Turns;
  private user: string | undefined;
  private request: Buffer[] = [];
  private release: (() => void) | undefined;
  private work: Promise<void> = Promise.resolve();

  constructor(executor: Executor, turns: Turns) {
    super();
    this.executor = executor;
    this.turns = turns;
  }

  override _read(): void {
    // Answers are pushed as they come.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.reader.push(chunk);
    this.work = this.work
      .then(() => this.drain())
      .catch((failure: Error) => {
        this.push(errorResponse('58000', `embedded PostgreSQL: ${failure.message}`));
        this.destroy();
      });
    this.work.then(() => done());
  }

  override _final(done: () => void): void {
    this.work = this.work.then(() => this.leave()).then(() => void this.push(null));
    this.work.then(
      () => done(),
      () => done(),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.work = this.work.then(() => this.leave()).catch(() => undefined);
    done(error);
  }

  private async drain(): Promise<void> {
    for (let message = this.reader.next(); message !== undefined; message = this.reader.next()) {
      if (this.user === undefined) this.open(message);
      else if (message[0] === 0x58 /* Terminate */) await this.leave();
      else {
        this.request.push(message);
        const flushes =
          message[0] === 0x51 /* Query */ || message[0] === 0x53 /* Sync */ || message[0] === 0x48; /* Flush */
        if (flushes) await this.answer(Buffer.concat(this.request.splice(0)));
      }
    }
  }

  private open(message: Buffer): void {
    this.user = startupParameters(message).get('user') ?? 'postgres';
    this.reader.expectTyped();
    this.push(
      Buffer.concat([
        AUTHENTICATION_OK,
        parameterStatus('server_version', '17.5'),
        parameterStatus('server_encoding', 'UTF8'),
        parameterStatus('client_encoding', 'UTF8'),
        parameterStatus('DateStyle', 'ISO, MDY'),
        parameterStatus('integer_datetimes', 'on'),
        parameterStatus('standard_conforming_strings', 'on'),
        readyForQuery('I'),
      ]),
    );
  }

  private async answer(request: Buffer): Promise<void> {
    this.release ??= await this.turns.take();
    if (this.executor.user !== this.user) {
      // A session's settings must not reach the next: prepared statements and temporary tables go with it.
      await this.executor.execute(query('DISCARD ALL'));
      await this.executor.execute(query(`SET SESSION AUTHORIZATION "${this.user?.replaceAll('"', '""')}"`));
      this.executor.user = this.user ?? '';
    }
    const answer = await this.executor.execute(request);
    this.push(answer);
    if (transactionStatus(answer) === 'I') this.giveBack();
  }

  private giveBack(): void {
    this.release?.();
    this.release = undefined;
  }

  private async leave(): Promise<void> {
    if (this.release === undefined) return;
    await this.executor.execute(query('ROLLBACK'));
    this.giveBack();
  }
}

/** Starts PGlite with PostGIS in a worker thread, its data in `folder`. @throws when the WASM build cannot start. */
export const startEmbedded = async (folder: string): Promise<Backend> => {
  mkdirSync(folder, { recursive: true });
  const first = !existsSync(join(folder, 'data', 'PG_VERSION'));
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), {
    workerData: { dataDir: join(folder, 'data') },
  });
  const waiting = new Map<number, { resolve: (answer: Buffer) => void; reject: (failure: Error) => void }>();
  let last = 0;
  let stopped = false;
  const ready = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: { ready: true } | { id: number; answer?: Uint8Array; failure?: string }) => {
      if ('ready' in message) return resolve();
      const waiter = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.answer !== undefined)
        waiter?.resolve(Buffer.from(message.answer.buffer, message.answer.byteOffset, message.answer.byteLength));
      else waiter?.reject(new Error(message.failure));
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      stopped = true;
      const failure = new Error('embedded PostgreSQL stopped');
      reject(failure);
      for (const waiter of waiting.values()) waiter.reject(failure);
    });
  });
  await ready;
  const executor: Executor = {
    user: 'postgres',
    execute: (bytes) =>
      new Promise((resolve, reject) => {
        if (stopped) return reject(new Error('embedded PostgreSQL stopped'));
        last += 1;
        waiting.set(last, { resolve, reject });
        worker.postMessage({ id: last, bytes });
      }),
  };
  const turns = new Turns();
  return {
    description: `PostgreSQL 17 in WebAssembly (PGlite)${first ? ', first start' : ''}`,
    connect: () => new Session(executor, turns),
    stop: async () => {
      if (stopped) return;
      const exited = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage('stop');
      await exited;
    },
  };
};
