import type { LocalCloud } from '../kernel/cloud.ts';
import { compile, type PolicyDocument, type Statement } from '../kernel/iam/document.ts';
import { generatedId } from '../kernel/names.ts';
import { listAt, textAt } from '../kernel/properties.ts';
import type { Access, Provider, Resource } from '../kernel/types.ts';

const inert = { Tags: 'no meaning here', Description: 'words for people' };

/** Id prefixes of EC2's resources and the attributes that templates read. */
const KINDS: Readonly<
  Record<string, { prefix: string; honours: readonly string[]; passesOver?: Record<string, string> }>
> = {
  'AWS::EC2::VPC': {
    prefix: 'vpc',
    honours: ['CidrBlock', 'EnableDnsSupport', 'EnableDnsHostnames'],
    passesOver: { InstanceTenancy: 'no machines run here' },
  },
  'AWS::EC2::Subnet': {
    prefix: 'subnet',
    honours: ['VpcId', 'CidrBlock', 'AvailabilityZone'],
    passesOver: { MapPublicIpOnLaunch: 'no machines run here' },
  },
  'AWS::EC2::RouteTable': { prefix: 'rtb', honours: ['VpcId'] },
  'AWS::EC2::SubnetRouteTableAssociation': { prefix: 'rtbassoc', honours: ['RouteTableId', 'SubnetId'] },
  'AWS::EC2::SecurityGroup': {
    prefix: 'sg',
    honours: ['VpcId', 'GroupDescription', 'GroupName', 'SecurityGroupEgress', 'SecurityGroupIngress'],
  },
  'AWS::EC2::SecurityGroupIngress': {
    prefix: 'sgr',
    honours: ['GroupId', 'IpProtocol', 'FromPort', 'ToPort', 'SourceSecurityGroupId', 'CidrIp'],
  },
  'AWS::EC2::SecurityGroupEgress': {
    prefix: 'sgr',
    honours: ['GroupId', 'IpProtocol', 'FromPort', 'ToPort', 'DestinationSecurityGroupId', 'CidrIp'],
  },
  'AWS::EC2::VPCEndpoint': {
    prefix: 'vpce',
    honours: [
      'VpcId',
      'ServiceName',
      'VpcEndpointType',
      'RouteTableIds',
      'SubnetIds',
      'SecurityGroupIds',
      'PrivateDnsEnabled',
      'PolicyDocument',
    ],
  },
  'AWS::EC2::FlowLog': {
    prefix: 'fl',
    honours: ['DeliverLogsPermissionArn'],
    passesOver: Object.fromEntries(
      ['LogDestinationType', 'LogGroupName', 'MaxAggregationInterval', 'ResourceId', 'ResourceType', 'TrafficType'].map(
        (property) => [property, 'there are no packets to log on a laptop'],
      ),
    ),
  },
};

/** Endpoint service names (`com.amazonaws.<region>.<name>`) whose signing name differs. */
const ENDPOINT_NAMES: Readonly<Record<string, string>> = {
  'kinesis-streams': 'kinesis',
  'kinesis-firehose': 'firehose',
  'timestream.ingest': 'timestream',
  'timestream.query': 'timestream',
};

const HTTPS_PORT = 443;

/** VPCs as far as they decide which calls of a function can arrive. */
export function network(): { providers: Provider[] } {
  const endpointPolicies = new Map<string, Statement[]>();
  const providers = Object.entries(KINDS).map(
    ([type, { prefix, honours, passesOver }]): Provider => ({
      types: { [type]: { honours, passesOver: { ...inert, ...passesOver } } },
      async create(resource, cloud) {
        const id = generatedId(resource, prefix);
        if (type === 'AWS::EC2::VPCEndpoint') {
          (cloud as LocalCloud).setReach((access, service) =>
            obstacle(cloud as LocalCloud, endpointPolicies, access, service),
          );
          const policy = resource.properties.PolicyDocument as PolicyDocument | undefined;
          if (policy)
            endpointPolicies.set(id, compile(policy, `policy of the ${resource.properties.ServiceName} endpoint`));
        }
        if (type === 'AWS::EC2::VPC') {
          (cloud as LocalCloud).setReach((access, service) =>
            obstacle(cloud as LocalCloud, endpointPolicies, access, service),
          );
          return {
            physicalId: id,
            attributes: { VpcId: id, CidrBlock: resource.properties.CidrBlock, DefaultSecurityGroup: `${id}-default` },
          };
        }
        const attributes: Record<string, unknown> =
          type === 'AWS::EC2::SecurityGroup'
            ? { GroupId: id, VpcId: resource.properties.VpcId }
            : type === 'AWS::EC2::Subnet'
              ? {
                  SubnetId: id,
                  AvailabilityZone: resource.properties.AvailabilityZone,
                  CidrBlock: resource.properties.CidrBlock,
                }
              : type === 'AWS::EC2::RouteTable'
                ? { RouteTableId: id }
                : { Id: id };
        return { physicalId: id, attributes };
      },
    }),
  );
  return { providers };
}

/** Why a caller in a VPC cannot reach a service; undefined if it can, or is in no VPC. */
function obstacle(
  cloud: LocalCloud,
  endpointPolicies: ReadonlyMap<string, Statement[]>,
  access: Access,
  service: string,
): string | undefined {
  const { principal } = access;
  if (principal.kind !== 'role' || !principal.vpcSubnetIds || principal.vpcSubnetIds.length === 0) return undefined;
  const subnets = principal.vpcSubnetIds;
  const endpoints = cloud.resourcesOf('AWS::EC2::VPCEndpoint').filter((endpoint) => {
    const name = textAt(endpoint.properties, 'ServiceName')?.replace(/^com\.amazonaws\.[^.]+\./, '') ?? '';
    return (
      (ENDPOINT_NAMES[name] ?? name) === service && serves(cloud, endpoint, subnets, principal.securityGroupIds ?? [])
    );
  });
  if (endpoints.length === 0) return 'its VPC has no endpoint for it, and no other way out';
  if (!mayLeave(cloud, principal.securityGroupIds ?? [])) return 'its security groups let no HTTPS out';
  const admitted = endpoints.some((endpoint) => {
    const policy = endpointPolicies.get(endpoint.physicalId);
    return !policy || cloud.allowedBy(policy, access);
  });
  if (!admitted) return `the endpoint's policy does not let ${access.action} on ${access.resource} through`;
  return undefined;
}

/** A gateway endpoint serves the subnets of its route tables, an interface endpoint its VPC's. */
function serves(cloud: LocalCloud, endpoint: Resource, subnets: readonly string[], groups: readonly string[]): boolean {
  if (textAt(endpoint.properties, 'VpcEndpointType') === 'Interface') {
    const vpcs = new Set(subnets.map((subnet) => textAt(cloud.resource(subnet)?.properties, 'VpcId')));
    const guards = listAt(endpoint.properties, 'SecurityGroupIds').map(String);
    return (
      vpcs.has(textAt(endpoint.properties, 'VpcId')) &&
      textAt(endpoint.properties, 'PrivateDnsEnabled') === 'true' &&
      (guards.length === 0 || guards.some((guard) => admits(cloud, guard, groups)))
    );
  }
  const tables = new Set(listAt(endpoint.properties, 'RouteTableIds').map(String));
  const associations = cloud.resourcesOf('AWS::EC2::SubnetRouteTableAssociation');
  return subnets.every((subnet) =>
    associations.some(
      ({ properties }) => properties.SubnetId === subnet && tables.has(String(properties.RouteTableId)),
    ),
  );
}

const covers = (rule: unknown, port: number): boolean =>
  textAt(rule, 'IpProtocol') === '-1' ||
  (textAt(rule, 'IpProtocol') === 'tcp' &&
    Number(textAt(rule, 'FromPort')) <= port &&
    port <= Number(textAt(rule, 'ToPort')));

function rulesOf(cloud: LocalCloud, group: string, direction: 'Ingress' | 'Egress'): unknown[] {
  const inline = listAt(cloud.resource(group)?.properties, `SecurityGroup${direction}`);
  const own = cloud
    .resourcesOf(`AWS::EC2::SecurityGroup${direction}`)
    .filter(({ properties }) => properties.GroupId === group)
    .map(({ properties }) => properties);
  return [...inline, ...own];
}

function admits(cloud: LocalCloud, guard: string, groups: readonly string[]): boolean {
  return rulesOf(cloud, guard, 'Ingress').some(
    (rule) =>
      covers(rule, HTTPS_PORT) &&
      (textAt(rule, 'CidrIp') !== undefined || groups.includes(textAt(rule, 'SourceSecurityGroupId') ?? '')),
  );
}

/** A group without any egress rule in its template has AWS's default: everything may leave. */
function mayLeave(cloud: LocalCloud, groups: readonly string[]): boolean {
  return groups.some((group) => {
    const rules = rulesOf(cloud, group, 'Egress');
    return rules.length === 0 || rules.some((rule) => covers(rule, HTTPS_PORT));
  });
}
