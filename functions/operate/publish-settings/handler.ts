import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { appConfigDeployed } from '../../../layers/adapters/appconfig/deployed-configuration.ts';
import { dynamoAuditLog } from '../../../layers/adapters/dynamodb/audit-log.ts';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoSettingsStore } from '../../../layers/adapters/dynamodb/settings-store.ts';
import { publishSettings } from '../../../layers/domain/settings/publish-settings.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { scheduledHandler } from '../../../layers/runtime/scheduled.ts';

const { APPCONFIG_APPLICATION = '', APPCONFIG_ENVIRONMENT = '', APPCONFIG_PROFILE = '' } = process.env;
const publish = publishSettings({
  deployed: appConfigDeployed(new AppConfigDataClient({}), {
    application: APPCONFIG_APPLICATION,
    environment: APPCONFIG_ENVIRONMENT,
    profile: APPCONFIG_PROFILE,
  }),
  store: dynamoSettingsStore(documentClient(), process.env.SETTINGS_TABLE ?? ''),
  audit: dynamoAuditLog(documentClient(), process.env.AUDIT_TABLE ?? ''),
  clock: Date.now,
  onRefusal: (version, violations) => log.warn('SETTINGS_REFUSED', { version, violations }),
});

export const handler = scheduledHandler('SETTINGS_PUBLISHED', publish);
