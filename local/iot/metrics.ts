import type { Cloud } from '../kernel/types.ts';

const FLUSH_MS = 1000;

/** Counts of `AWS/IoT`, handed to CloudWatch once a second as sums: a datum per message would cost more than the message. */
export class IotMetrics {
  readonly #cloud: Cloud;
  readonly #counts = new Map<string, { name: string; dimensions: Record<string, string>; value: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    this.#timer = setInterval(() => this.flush(), FLUSH_MS);
    this.#timer.unref();
  }

  /** Source of the names: AWS IoT Core developer guide, "AWS IoT metrics and dimensions". */
  count(name: string, dimension: 'RuleName' | 'Protocol', of: string, actionType?: string): void {
    const key = `${name} ${of} ${actionType ?? ''}`;
    const known = this.#counts.get(key);
    if (known) known.value++;
    else {
      const dimensions = { [dimension]: of, ...(actionType && { ActionType: actionType }) };
      this.#counts.set(key, { name, dimensions, value: 1 });
    }
  }

  flush(): void {
    for (const count of this.#counts.values()) {
      this.#cloud.metric({ namespace: 'AWS/IoT', unit: 'Count', time: this.#cloud.clock(), ...count });
    }
    this.#counts.clear();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.flush();
  }
}
