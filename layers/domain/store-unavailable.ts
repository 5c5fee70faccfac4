/** A store cannot be asked just now, whatever was asked: an infrastructure fault to be tried again, never a verdict on the data. */
export class StoreUnavailable extends Error {
  /** When it makes sense to ask again. */
  readonly retryAfterSeconds: number;

  constructor(message: string, options: { cause?: unknown; retryAfterSeconds: number }) {
    super(message, { cause: options.cause });
    this.name = 'StoreUnavailable';
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
