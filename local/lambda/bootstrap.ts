import { existsSync, realpathSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { EnvironmentStart, FromEnvironment, ToEnvironment, WireError } from './protocol.ts';

/** The inside of one execution environment: loads the handler, then runs one invocation after the other. */
const start = workerData as EnvironmentStart;
const port = parentPort as NonNullable<typeof parentPort>;
const tell = (message: FromEnvironment) => port.postMessage(message);

type Handler = (event: unknown, context: object, callback?: (failure: unknown, answer?: unknown) => void) => unknown;

function captureOutput(): void {
  let rest = '';
  const write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    const text = rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const lines = text.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) tell({ kind: 'line', text: line });
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') callback();
    return true;
  };
  process.stdout.write = write as typeof process.stdout.write;
  process.stderr.write = write as typeof process.stderr.write;
}

/** In Lambda nothing lies above the code; here the repository does. A module from outside is as missing as it would be there. */
function confineModules(): void {
  const allowed = start.allowedDirs.map((folder) => `${pathToFileURL(realpathSync(folder)).href}/`);
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      if (!resolved.url.startsWith('file:') || allowed.some((folder) => resolved.url.startsWith(folder)))
        return resolved;
      throw Object.assign(new Error(`Cannot find module '${specifier}'`), { code: 'MODULE_NOT_FOUND' });
    },
  });
}

function wireError(failure: unknown): WireError {
  if (failure instanceof Error || (failure as Error | undefined)?.stack !== undefined) {
    const { name, message, stack } = failure as Error;
    return { errorType: name, errorMessage: message, trace: (stack ?? '').split('\n') };
  }
  const text = typeof failure === 'string' ? failure : JSON.stringify(failure);
  return { errorType: typeof failure, errorMessage: String(text), trace: [] };
}

class InitFailure extends Error {
  constructor(type: string, message: string) {
    super(message);
    this.name = type;
  }
}

async function load(): Promise<Handler> {
  const dot = start.handler.indexOf('.', start.handler.lastIndexOf('/') + 1);
  const [module, name] = [start.handler.slice(0, dot), start.handler.slice(dot + 1)];
  const file = ['.js', '.mjs', '.cjs'].map((ending) => join(start.codeDir, module + ending)).find(existsSync);
  if (dot < 0 || !file) throw new InitFailure('Runtime.ImportModuleError', `Error: Cannot find module '${module}'`);
  let exported: unknown;
  try {
    exported = await import(pathToFileURL(file).href);
  } catch (failure) {
    if (
      (failure as { code?: string }).code === 'MODULE_NOT_FOUND' ||
      (failure as { code?: string }).code === 'ERR_MODULE_NOT_FOUND'
    )
      throw new InitFailure('Runtime.ImportModuleError', `Error: ${(failure as Error).message}`);
    if (failure instanceof SyntaxError)
      throw new InitFailure('Runtime.UserCodeSyntaxError', `SyntaxError: ${failure.message}`);
    throw failure;
  }
  const found = lookUp(exported, name) ?? lookUp((exported as { default?: unknown }).default, name);
  if (found === undefined)
    throw new InitFailure('Runtime.HandlerNotFound', `${start.handler} is undefined or not exported`);
  if (typeof found !== 'function')
    throw new InitFailure('Runtime.HandlerNotFound', `${start.handler} is not a function`);
  if (found.length >= 3 && !start.callbacks)
    throw new InitFailure(
      'Runtime.CallbackHandlerDeprecated',
      'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24.',
    );
  return found as Handler;
}

const lookUp = (root: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((here, step) => (here as Record<string, unknown> | undefined)?.[step], root);

async function run(handler: Handler, task: ToEnvironment): Promise<void> {
  process.env._X_AMZN_TRACE_ID = task.traceHeader;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: start.functionName,
    functionVersion: start.functionVersion,
    invokedFunctionArn: task.functionArn,
    memoryLimitInMB: String(start.memoryMb),
    logGroupName: start.logGroupName,
    logStreamName: start.logStreamName,
    awsRequestId: task.requestId,
    getRemainingTimeInMillis: () => Math.max(0, task.deadlineMs - Date.now()),
  };
  try {
    const event: unknown = JSON.parse(task.event);
    const answer = await (start.callbacks && handler.length >= 3
      ? new Promise((resolve, reject) => {
          handler(event, context, (failure, value) => (failure ? reject(failure) : resolve(value)));
        })
      : handler(event, context));
    tell({ kind: 'result', payload: JSON.stringify(answer) });
  } catch (failure) {
    tell({ kind: 'failed', error: wireError(failure) });
  }
}

captureOutput();
// `process.kill(process.pid)` and `process.abort()` would take the host along.
const exit = process.exit.bind(process);
const { kill } = process;
process.kill = ((pid: number, signal?: string | number) =>
  pid === process.pid ? exit(137) : kill.call(process, pid, signal)) as typeof process.kill;
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (failure: unknown) => {
    const error = wireError(failure);
    const typed = event === 'unhandledRejection' ? { ...error, errorType: 'Runtime.UnhandledPromiseRejection' } : error;
    tell({ kind: 'failed', error: typed, fatal: true });
    setImmediate(() => exit(128));
  });
}
// NODE_PATH of the environment counts, not the host's.
(nodeModule.Module as unknown as { _initPaths(): void })._initPaths();
process.chdir = () => undefined;
// Lambda's working folder is the code's; a worker thread shares the host's, so only the answer can be given.
process.cwd = () => start.codeDir;
try {
  confineModules();
  const handler = await load();
  port.on('message', (task: ToEnvironment) => void run(handler, task));
  tell({ kind: 'ready' });
} catch (failure) {
  const error = wireError(failure);
  const here =
    fileURLToPath(import.meta.url)
      .split(sep)
      .at(-1) ?? '';
  tell({ kind: 'initFailed', error: { ...error, trace: error.trace.filter((line) => !line.includes(here)) } });
}
