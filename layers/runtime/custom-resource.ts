import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';

/** What a custom resource does. Its inputs are strings: CloudFormation passes booleans and numbers as text. */
export interface CustomResource {
  /** Create or update, which must come to the same: CloudFormation may repeat either. @returns what `Fn::GetAtt` gives. */
  apply(properties: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, string>>>;
  /** Undo, also for a resource whose creation failed half-way. */
  remove(properties: Readonly<Record<string, unknown>>): Promise<void>;
}

/** Left of the function's time when the answer has to go out, ms. */
const ANSWER_MARGIN_MS = 5_000;

/** Bytes of an answer are at most 4,096; the rest of it is short. */
const MAX_REASON_LENGTH = 2_000;

const ANSWER_ATTEMPTS = 4;

/**
 * Lambda handler of a custom resource. It always answers, also when the work fails or outlasts the function's time:
 * without an answer CloudFormation would wait an hour. The answer goes to the presigned address of the request.
 * @param name identifies the resource in its stack; it never changes, so an update never replaces.
 * @throws Error only if CloudFormation could not be reached.
 */
export function customResource(name: string, resource: CustomResource) {
  return async (event: CloudFormationCustomResourceEvent, context: Context): Promise<void> => {
    const answer = (outcome: Record<string, unknown>) =>
      send(event.ResponseURL, {
        StackId: event.StackId,
        RequestId: event.RequestId,
        LogicalResourceId: event.LogicalResourceId,
        PhysicalResourceId: 'PhysicalResourceId' in event ? event.PhysicalResourceId : name,
        ...outcome,
      });
    try {
      const data = await within(context.getRemainingTimeInMillis() - ANSWER_MARGIN_MS, run(event, resource));
      await answer({ Status: 'SUCCESS', Data: data });
    } catch (failure) {
      if (failure instanceof NoAnswer) throw failure;
      const reason = failure instanceof Error ? failure.message : String(failure);
      await answer({
        Status: 'FAILED',
        Reason: `${reason.slice(0, MAX_REASON_LENGTH)} (log stream ${context.logStreamName})`,
      });
    }
  };
}

async function run(event: CloudFormationCustomResourceEvent, resource: CustomResource) {
  const { ServiceToken: _, ...properties } = event.ResourceProperties;
  if (event.RequestType !== 'Delete') return resource.apply(properties);
  await resource.remove(properties);
  return {};
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${Math.round(milliseconds / 1000)} s`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

class NoAnswer extends Error {}

async function send(address: string, answer: Record<string, unknown>): Promise<void> {
  // Bytes, not text: fetch would give text a content type, which the address's signature does not cover.
  const body = new TextEncoder().encode(JSON.stringify(answer));
  let last: unknown;
  for (let attempt = 0; attempt < ANSWER_ATTEMPTS; attempt += 1) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt));
    try {
      const response = await fetch(address, { method: 'PUT', body });
      if (response.ok) return;
      last = `HTTP ${response.status}`;
    } catch (failure) {
      last = failure;
    }
  }
  throw new NoAnswer('CloudFormation could not be answered', { cause: last });
}
