import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceHost } from '../../../src/domain/aws/endpoints.ts';
import { isRegion, PARTITIONS, partitionOf } from '../../../src/domain/aws/partitions.ts';

/** What botocore 1.43 resolves from its endpoint rule sets: partition, region, then plain, FIPS, dual-stack and both. */
const hosts = [
  [
    'aws',
    'us-east-1',
    'bedrock-runtime.us-east-1.amazonaws.com',
    'bedrock-runtime-fips.us-east-1.amazonaws.com',
    'bedrock-runtime.us-east-1.api.aws',
    'bedrock-runtime-fips.us-east-1.api.aws',
  ],
  [
    'aws-cn',
    'cn-north-1',
    'bedrock-runtime.cn-north-1.amazonaws.com.cn',
    'bedrock-runtime-fips.cn-north-1.amazonaws.com.cn',
    'bedrock-runtime.cn-north-1.api.amazonwebservices.com.cn',
    'bedrock-runtime-fips.cn-north-1.api.amazonwebservices.com.cn',
  ],
  [
    'aws-eusc',
    'eusc-de-east-1',
    'bedrock-runtime.eusc-de-east-1.amazonaws.eu',
    'bedrock-runtime-fips.eusc-de-east-1.amazonaws.eu',
    'bedrock-runtime.eusc-de-east-1.api.amazonwebservices.eu',
    'bedrock-runtime-fips.eusc-de-east-1.api.amazonwebservices.eu',
  ],
  [
    'aws-iso',
    'us-iso-east-1',
    'bedrock-runtime.us-iso-east-1.c2s.ic.gov',
    'bedrock-runtime-fips.us-iso-east-1.c2s.ic.gov',
    'bedrock-runtime.us-iso-east-1.api.aws.ic.gov',
    'bedrock-runtime-fips.us-iso-east-1.api.aws.ic.gov',
  ],
  [
    'aws-iso-b',
    'us-isob-east-1',
    'bedrock-runtime.us-isob-east-1.sc2s.sgov.gov',
    'bedrock-runtime-fips.us-isob-east-1.sc2s.sgov.gov',
    'bedrock-runtime.us-isob-east-1.api.aws.scloud',
    'bedrock-runtime-fips.us-isob-east-1.api.aws.scloud',
  ],
  [
    'aws-iso-e',
    'eu-isoe-west-1',
    'bedrock-runtime.eu-isoe-west-1.cloud.adc-e.uk',
    'bedrock-runtime-fips.eu-isoe-west-1.cloud.adc-e.uk',
    'bedrock-runtime.eu-isoe-west-1.api.cloud-aws.adc-e.uk',
    'bedrock-runtime-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk',
  ],
  [
    'aws-iso-f',
    'us-isof-east-1',
    'bedrock-runtime.us-isof-east-1.csp.hci.ic.gov',
    'bedrock-runtime-fips.us-isof-east-1.csp.hci.ic.gov',
    'bedrock-runtime.us-isof-east-1.api.aws.hci.ic.gov',
    'bedrock-runtime-fips.us-isof-east-1.api.aws.hci.ic.gov',
  ],
  [
    'aws-us-gov',
    'us-gov-west-1',
    'bedrock-runtime.us-gov-west-1.amazonaws.com',
    'bedrock-runtime-fips.us-gov-west-1.amazonaws.com',
    'bedrock-runtime.us-gov-west-1.api.aws',
    'bedrock-runtime-fips.us-gov-west-1.api.aws',
  ],
] as const;

for (const [partition, region, plain, fips, dualStack, both] of hosts) {
  test(`hosts in ${region}`, () => {
    const hostPrefix = 'bedrock-runtime';
    assert.equal(partitionOf(region)?.id, partition);
    assert.equal(serviceHost({ hostPrefix, region, fips: false, dualStack: false }), plain);
    assert.equal(serviceHost({ hostPrefix, region, fips: true, dualStack: false }), fips);
    assert.equal(serviceHost({ hostPrefix, region, fips: false, dualStack: true }), dualStack);
    assert.equal(serviceHost({ hostPrefix, region, fips: true, dualStack: true }), both);
  });
}

const servicesHosts = [
  'bedrock.eu-central-1.amazonaws.com',
  'bedrock-runtime.eu-central-1.amazonaws.com',
  'bedrock-agent.eu-central-1.amazonaws.com',
  'bedrock-agent-runtime.eu-central-1.amazonaws.com',
  'bedrock-agentcore.eu-central-1.amazonaws.com',
  'bedrock-agentcore-control.eu-central-1.amazonaws.com',
  'bedrock-data-automation.eu-central-1.amazonaws.com',
  'bedrock-data-automation-runtime.eu-central-1.amazonaws.com',
] as const;

for (const host of servicesHosts) {
  test(`the host ${host}`, () => {
    const hostPrefix = host.slice(0, host.indexOf('.'));
    assert.equal(serviceHost({ hostPrefix, region: 'eu-central-1', fips: false, dualStack: false }), host);
  });
}

test('each known region belongs to its own partition alone', () => {
  for (const partition of PARTITIONS) {
    for (const region of partition.regions) {
      assert.deepEqual(
        PARTITIONS.filter(({ regionPattern }) => regionPattern.test(region)).map(({ id }) => id),
        [partition.id],
        region,
      );
    }
  }
});

test('a region that is not known yet is one by its form', () => {
  for (const region of ['eu-west-9', 'us-gov-central-12', 'eusc-de-west-2'])
    assert.equal(isRegion(region), true, region);
});

const notRegions = [
  '',
  'us-east',
  'us-east-',
  'us-east-123',
  'US-EAST-1',
  'us-east-1 ',
  ' us-east-1',
  'us-east-1\n',
  'us-east-1.evil.com',
  'us-east-1@evil.com#',
  'evil.com/us-east-1',
  'us_east-1',
  'us-ea_st-1',
  'us-éast-1',
  'us-east-١',
  'xx-east-1',
  'aws-global',
  'global',
  'eusc-fr-east-1',
  `us-${'a'.repeat(17)}-1`,
] as const;

for (const text of notRegions) {
  test(`${JSON.stringify(text)} is no region and never becomes part of a host`, () => {
    assert.equal(isRegion(text), false);
    assert.equal(partitionOf(text), null);
    const endpoint = { hostPrefix: 'bedrock', region: text, fips: false, dualStack: false };
    assert.throws(() => serviceHost(endpoint), /Not an AWS region/);
  });
}

test('only a plain label can stand before the region', () => {
  for (const hostPrefix of ['', 'evil.com/', 'a.b', 'bedrock-', '-bedrock', 'Bedrock', 'bedrock\n', 'u@h']) {
    const endpoint = { hostPrefix, region: 'us-east-1', fips: false, dualStack: false };
    assert.throws(() => serviceHost(endpoint), /Not a host prefix/, hostPrefix);
  }
});
