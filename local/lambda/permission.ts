import type { ConditionBlock, PolicyDocument } from '../kernel/iam/document.ts';
import { textAt } from '../kernel/properties.ts';

/**
 * The statement that AWS::Lambda::Permission adds to a function's policy.
 * Source: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
 */
export function permissionPolicy(
  sid: string,
  functionArn: string,
  properties: Record<string, unknown>,
): PolicyDocument {
  const principal = textAt(properties, 'Principal') ?? '';
  const sourceArn = textAt(properties, 'SourceArn');
  const sourceAccount = textAt(properties, 'SourceAccount');
  const organisation = textAt(properties, 'PrincipalOrgID');
  const like: ConditionBlock = sourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': sourceArn } };
  const equals: Record<string, string> = {
    ...(sourceAccount === undefined ? {} : { 'aws:SourceAccount': sourceAccount }),
    ...(organisation === undefined ? {} : { 'aws:PrincipalOrgID': organisation }),
  };
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: sid.replaceAll(/[^A-Za-z0-9]/g, ''),
        Effect: 'Allow',
        Principal: principalOf(principal),
        Action: textAt(properties, 'Action') ?? 'lambda:InvokeFunction',
        Resource: functionArn,
        Condition: { ...like, ...(Object.keys(equals).length > 0 ? { StringEquals: equals } : {}) },
      },
    ],
  };
}

function principalOf(principal: string): string | Record<string, string> {
  if (principal === '*') return '*';
  if (principal.endsWith('.amazonaws.com')) return { Service: principal };
  return { AWS: /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal };
}
