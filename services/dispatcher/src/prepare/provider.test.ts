import { siteKey, type MxHost } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { providerOf } from './provider.ts';

const at = (...named: readonly (string | readonly [preference: number, host: string])[]): readonly MxHost[] =>
  named.map((each) => {
    const [preference, host] = typeof each === 'string' ? [10, each] : each;
    return { preference, host };
  });

test.for<readonly [what: string, domain: string, hosts: readonly MxHost[], provider: string | undefined]>([
  ['a customer’s own host', 'shop.com', at('shop-com.mail.protection.outlook.com'), 'outlook.com'],
  ['another’s', 'b.co.uk', at('b-co-uk.mail.protection.outlook.com'), 'outlook.com'],
  ['a top-level domain of its own', 'shop.com', at('shop-com.i-v1.mx.microsoft'), 'mx.microsoft'],
  ['several hosts', 'shop.com', at('mx0a-001.pphosted.com', 'mx0b-001.pphosted.com'), 'pphosted.com'],
  ['under a suffix of two labels', 'shop.com', at('mx1.mail.co.uk'), 'mail.co.uk'],
  [
    'best preference, wherever it stands',
    'a.com',
    at([20, 'x.mimecast.com'], [5, 'd1.ess.barracudanetworks.com']),
    'barracudanetworks.com',
  ],
  ['its own hosts', 'shop.com', at('mx1.shop.com', 'mx2.shop.com'), undefined],
  ['its own first, another’s behind', 'shop.com', at([1, 'mx.shop.com'], [2, 'backup.host.net']), undefined],
  ['a name that only ends like it', 'op.com', at('mx.shop.com'), 'shop.com'],
  ['a host that is a public suffix', 'shop.com', at('co.uk'), undefined],
  ['a host that is no name', 'shop.com', at('localhost'), undefined],
])('%s', ([, domain, hosts, provider]) => {
  expect(providerOf(domain, siteKey(domain, { kind: 'hosts', hosts }))).toBe(provider);
});

test.for(['implicit', 'null-mx', 'no-such-domain'] as const)('no provider: %s', (kind) => {
  const resolution = kind === 'implicit' ? { kind, host: 'shop.com' } : { kind };
  expect(providerOf('shop.com', siteKey('shop.com', resolution))).toBeUndefined();
});
