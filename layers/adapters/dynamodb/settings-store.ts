import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SettingsStore } from '../../domain/settings/settings-source.ts';

const CURRENT = 'settings';

/** Settings in a table: `settings` is what is in force, `settings#<version>` every version there ever was. */
export function dynamoSettingsStore(client: DynamoDBDocumentClient, table: string): SettingsStore {
  return {
    async publish({ version, settings, at }) {
      const document = JSON.stringify(settings);
      await client.send(
        new PutCommand({ TableName: table, Item: { pk: `${CURRENT}#${version}`, version, document, at } }),
      );
      try {
        await client.send(
          new PutCommand({
            TableName: table,
            Item: { pk: CURRENT, version, document, at },
            ConditionExpression: 'attribute_not_exists(pk) OR version <> :version',
            ExpressionAttributeValues: { ':version': version },
          }),
        );
        return true;
      } catch (failure) {
        if (failure instanceof ConditionalCheckFailedException) return false;
        throw failure;
      }
    },
    async read() {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: { pk: CURRENT } }));
      return Item && { version: String(Item.version), document: JSON.parse(String(Item.document)) as unknown };
    },
  };
}
