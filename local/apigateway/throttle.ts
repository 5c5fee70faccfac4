import type { MethodConfig, StageConfig } from './rest-api.ts';

/** A token bucket: `burst` at once, refilled by `rate` a second. */
class Bucket {
  #tokens: number;
  #at: number;
  readonly #rate: number;
  readonly #burst: number;

  constructor({ rate, burst }: { rate: number; burst: number }, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  take(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/**
 * Throttling by the stage's method settings; a method's own setting replaces that of all methods.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
 */
export class Throttle {
  readonly #buckets = new Map<string, Bucket>();

  admits(stage: StageConfig, method: MethodConfig, now: number): boolean {
    const own = `${method.httpMethod} ${method.resourcePath}`;
    const setting = stage.throttling.get(own) ?? stage.throttling.get('* /*');
    if (!setting) return true;
    const key = `${stage.apiId}/${stage.name} ${own}`;
    const bucket = this.#buckets.get(key) ?? new Bucket(setting, now);
    this.#buckets.set(key, bucket);
    return bucket.take(now);
  }
}
