import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Cloud } from '../kernel/types.ts';

/** One traced or untraced invocation. */
export interface Trace {
  header: string;
  sampled: boolean;
  traceId: string;
  segmentId: string;
  startedS: number;
}

/** What the X-Ray daemon does for a function: root segments, sampling, and the UDP port that takes subsegments. */
export class Tracing {
  readonly #cloud: Cloud;
  #socket: Socket | undefined;
  #address: string | undefined;
  readonly #sampling = new Map<string, { second: number; count: number }>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** `host:port` for AWS_XRAY_DAEMON_ADDRESS. */
  async listen(): Promise<string> {
    if (this.#address) return this.#address;
    const socket = createSocket('udp4');
    this.#socket = socket;
    socket.on('message', (message) => this.#receive(message));
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    this.#address = `127.0.0.1:${socket.address().port}`;
    return this.#address;
  }

  /** Variables that lead a function's X-Ray SDK here; none before {@link listen}. */
  variables(): Record<string, string> {
    return this.#address === undefined ? {} : { AWS_XRAY_DAEMON_ADDRESS: this.#address };
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#address = undefined;
  }

  begin(functionName: string, active: boolean): Trace {
    const now = this.#cloud.clock();
    const seconds = Math.floor(now / 1000)
      .toString(16)
      .padStart(8, '0');
    const traceId = `1-${seconds}-${randomBytes(12).toString('hex')}`;
    const segmentId = randomBytes(8).toString('hex');
    const sampled = active && this.#sample(functionName, now);
    return {
      traceId,
      segmentId,
      sampled,
      startedS: now / 1000,
      header: `Root=${traceId};Parent=${segmentId};Sampled=${sampled ? 1 : 0}`,
    };
  }

  end(trace: Trace, functionName: string, functionArn: string, requestId: string, fault: boolean): void {
    if (!trace.sampled) return;
    this.#cloud.segment({
      name: functionName,
      id: trace.segmentId,
      trace_id: trace.traceId,
      start_time: trace.startedS,
      end_time: this.#cloud.clock() / 1000,
      origin: 'AWS::Lambda::Function',
      ...(fault ? { fault: true } : {}),
      aws: { request_id: requestId, function_arn: functionArn },
    });
  }

  /** The default rule: the first request of each second, and five percent beyond (xray/latest/devguide/xray-console-sampling.html). */
  #sample(functionName: string, now: number): boolean {
    const second = Math.floor(now / 1000);
    const state = this.#sampling.get(functionName) ?? { second: 0, count: 0 };
    this.#sampling.set(functionName, state);
    state.count += 1;
    if (state.second !== second) {
      state.second = second;
      return true;
    }
    return state.count % 20 === 0;
  }

  #receive(message: Buffer): void {
    const text = message.toString();
    const document = text.slice(text.indexOf('\n') + 1);
    try {
      this.#cloud.segment(JSON.parse(document) as Record<string, unknown>);
    } catch {
      this.#cloud.log({ source: 'xray', time: this.#cloud.clock(), text: 'dropped a segment that is not JSON' });
    }
  }
}
