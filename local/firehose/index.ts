import { generatedName } from '../kernel/names.ts';
import { at, listAt, textAt } from '../kernel/properties.ts';
import type { PendingResource, Provider } from '../kernel/types.ts';
import { Delivery, type DeliverySettings } from './delivery.ts';
import { expandPrefix } from './prefix.ts';

const MEBIBYTE = 1024 * 1024;

/** AWS::KinesisFirehose::DeliveryStream from a data stream to a bucket. */
export function firehose(): { provider: Provider } {
  const pending: { settings: DeliverySettings; streamArn: string }[] = [];
  const deliveries: Delivery[] = [];
  const provider: Provider = {
    types: {
      'AWS::KinesisFirehose::DeliveryStream': {
        honours: [
          'DeliveryStreamName',
          'DeliveryStreamType',
          'ExtendedS3DestinationConfiguration',
          'KinesisStreamSourceConfiguration',
        ],
        passesOver: { Tags: 'tags decide nothing here' },
      },
    },
    async create(resource, cloud) {
      const name = textAt(resource.properties, 'DeliveryStreamName') ?? generatedName(resource, { most: 64 });
      const streamArn = textAt(resource.properties, 'KinesisStreamSourceConfiguration', 'KinesisStreamARN');
      if (streamArn === undefined) throw new Error(`${resource.path}: only delivery from a data stream is emulated`);
      pending.push({ settings: settingsOf(name, resource), streamArn });
      return { physicalId: name, attributes: { Arn: cloud.arn('firehose', `deliverystream/${name}`) } };
    },
    async start(cloud) {
      for (const { settings, streamArn } of pending.splice(0)) {
        const stream = cloud.shared.kinesis?.stream(streamArn);
        if (!stream) throw new Error(`The delivery stream ${settings.name} reads ${streamArn}, which does not exist.`);
        const delivery = new Delivery(settings, cloud, stream);
        deliveries.push(delivery);
        delivery.start();
      }
    },
    async stop() {
      for (const delivery of deliveries.splice(0)) await delivery.stop();
    },
  };
  return { provider };
}

/**
 * Buffering hints: 5 MiB and 300 s by default, 1–128 MiB and 0–900 s allowed.
 * Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
 */
function settingsOf(name: string, { properties, path }: PendingResource): DeliverySettings {
  const target = at(properties, 'ExtendedS3DestinationConfiguration');
  const text = (...steps: string[]) => textAt(target, ...steps);
  const sizeMiB = Number(text('BufferingHints', 'SizeInMBs') ?? 5);
  const intervalS = Number(text('BufferingHints', 'IntervalInSeconds') ?? 300);
  if (!(sizeMiB >= 1 && sizeMiB <= 128) || !(intervalS >= 0 && intervalS <= 900))
    throw new Error(`${path}: BufferingHints ${sizeMiB} MiB and ${intervalS} s are outside 1–128 and 0–900`);
  const compression = text('CompressionFormat') ?? 'UNCOMPRESSED';
  if (compression !== 'GZIP' && compression !== 'UNCOMPRESSED')
    throw new Error(`${path}: the compression ${compression} is not emulated`);
  const processors = listAt(target, 'ProcessingConfiguration', 'Processors').map((one) => textAt(one, 'Type'));
  const unknown = processors.filter((type) => type !== 'AppendDelimiterToRecord');
  if (unknown.length > 0) throw new Error(`${path}: the processors ${unknown.join(', ')} are not emulated`);
  for (const refused of ['DataFormatConversionConfiguration', 'DynamicPartitioningConfiguration'])
    if (textAt(target, refused, 'Enabled') === 'true') throw new Error(`${path}: ${refused} is not emulated`);
  const prefix = text('Prefix') ?? '';
  const errorPrefix = text('ErrorOutputPrefix');
  if (prefix.includes('!{') && errorPrefix === undefined)
    throw new Error(
      `${path}: a Prefix with expressions needs an ErrorOutputPrefix (firehose/latest/dev/s3-prefixes.html)`,
    );
  const sample = { time: new Date(0), random: () => '' };
  expandPrefix(prefix, sample);
  expandPrefix(errorPrefix ?? '', { ...sample, errorOutputType: 'processing-failed' });
  const kmsKeyArn = text('EncryptionConfiguration', 'KMSEncryptionConfig', 'AWSKMSKeyARN');
  return {
    name,
    sourceRoleArn: textAt(properties, 'KinesisStreamSourceConfiguration', 'RoleARN') ?? '',
    bucket: (text('BucketARN') ?? '').split(':::')[1] ?? '',
    bucketRoleArn: text('RoleARN') ?? '',
    prefix,
    bufferBytes: sizeMiB * MEBIBYTE,
    bufferMs: intervalS * 1000,
    gzip: compression === 'GZIP',
    ...(kmsKeyArn ? { kmsKeyArn } : {}),
    delimited: processors.length > 0,
  };
}
