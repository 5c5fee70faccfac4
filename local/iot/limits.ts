/**
 * Limits of the message broker. Source: AWS General Reference, "AWS IoT Core endpoints and quotas", message broker and
 * protocol limits. Tested at the limit and one past it.
 */
export const IOT_LIMITS = {
  maxPayloadBytes: 128 * 1024,
  maxTopicBytes: 256,
  maxTopicSlashes: 7,
  maxClientIdBytes: 128,
  maxSubscriptionsPerRequest: 8,
  maxSubscriptionsPerConnection: 50,
  publishesPerSecondPerConnection: 100,
  bytesPerSecondPerConnection: 512 * 1024,
  minKeepAliveSeconds: 30,
  maxKeepAliveSeconds: 1200,
} as const;

export const BASIC_INGEST_PREFIX = '$aws/rules/';

/** `$aws/rules/<rule>/<topic>` taken apart; undefined for any other topic. */
export function basicIngest(topic: string): { rule: string; topic: string } | undefined {
  if (!topic.startsWith(BASIC_INGEST_PREFIX)) return undefined;
  const end = topic.indexOf('/', BASIC_INGEST_PREFIX.length);
  if (end < 0) return { rule: topic.slice(BASIC_INGEST_PREFIX.length), topic: '' };
  return { rule: topic.slice(BASIC_INGEST_PREFIX.length, end), topic: topic.slice(end + 1) };
}

/** Why a publish is refused, or undefined. Basic Ingest's first three levels count neither as bytes nor as slashes. */
export function publishViolation(topic: string, payloadBytes: number): string | undefined {
  const counted = basicIngest(topic)?.topic ?? topic;
  if (payloadBytes > IOT_LIMITS.maxPayloadBytes) return `payload of ${payloadBytes} bytes exceeds 131072`;
  return topicViolation(counted);
}

export function topicViolation(topic: string): string | undefined {
  const bytes = Buffer.byteLength(topic);
  if (bytes > IOT_LIMITS.maxTopicBytes) return `topic of ${bytes} bytes exceeds 256`;
  const slashes = topic.split('/').length - 1;
  if (slashes > IOT_LIMITS.maxTopicSlashes) return `topic with ${slashes} slashes exceeds 7`;
  return undefined;
}

/** A token bucket that holds one second of its rate. */
export class Rate {
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#at = now;
  }

  /** Takes `amount` if it is there. @param now ms, never going back */
  take(amount: number, now: number): boolean {
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    if (this.#tokens < amount) return false;
    this.#tokens -= amount;
    return true;
  }
}
