import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { bucketArn, streamArn } from './grants.ts';
import type { GridFunction } from './grid-function.ts';

export interface StreamConsumerProps {
  readonly consumer: GridFunction;
  readonly streamName: string;
  /** Receives the records of a batch whose age ran out, payload and all. */
  readonly failureBucket: string;
  readonly batchSize: number;
  readonly parallelization: number;
  /** Retries end with the record's age, which is the stream's retention. */
  readonly maxRecordAge: Duration;
}

/**
 * Feeds a stream to a function: as soon as there is a record (no window, readings are readable within 2 s), failed records
 * reported one by one, a failing batch halved. The number of retries is unlimited: an outage of a store is waited out,
 * and poison is quarantined by the function and never fails.
 */
export class StreamConsumer extends Construct {
  constructor(scope: Construct, id: string, props: StreamConsumerProps) {
    super(scope, id);
    new EventSourceMapping(this, 'Mapping', {
      target: props.consumer.lambda,
      eventSourceArn: streamArn(this, props.streamName),
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: props.batchSize,
      maxBatchingWindow: Duration.seconds(0),
      parallelizationFactor: props.parallelization,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      maxRecordAge: props.maxRecordAge,
      onFailure: { bind: () => ({ destination: bucketArn(this, props.failureBucket) }) },
    });
  }
}
