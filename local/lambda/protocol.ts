/** What an environment is started with. */
export interface EnvironmentStart {
  handler: string;
  codeDir: string;
  /** Folders from which modules may be loaded: the code and its layers. */
  allowedDirs: readonly string[];
  functionName: string;
  functionVersion: string;
  functionArn: string;
  memoryMb: number;
  logGroupName: string;
  logStreamName: string;
  /** Runtimes before Node 24 still take a callback. */
  callbacks: boolean;
}

export interface WireError {
  errorType: string;
  errorMessage: string;
  trace: readonly string[];
}

/** Host → environment: one invocation. `event` is JSON text. */
export interface ToEnvironment {
  requestId: string;
  event: string;
  deadlineMs: number;
  functionArn: string;
  traceHeader: string;
}

/** Environment → host. */
export type FromEnvironment =
  | { kind: 'ready' }
  | { kind: 'initFailed'; error: WireError }
  | { kind: 'line'; text: string }
  | { kind: 'result'; payload: string | undefined }
  | { kind: 'failed'; error: WireError; fatal?: true };
