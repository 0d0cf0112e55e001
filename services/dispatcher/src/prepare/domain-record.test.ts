import type { MxResolution } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { domainRecord } from './domain-record.ts';

const hosts: MxResolution = { kind: 'hosts', hosts: [{ preference: 10, host: 'b.mx.host.example' }] };
const failure: MxResolution = { kind: 'temporary-failure', because: 'SERVFAIL' };
const record = (siteKey: string, resolution: string, validSeconds: number, provider?: string) => ({
  domain: 'b.example',
  siteKey,
  resolution,
  validSeconds,
  provider,
});

test.for<[what: string, resolution: MxResolution, isKnown: boolean, expected: object | undefined]>([
  ['hosts', hosts, false, record('mx:0 b.mx.host.example', 'hosts', 3600, 'host.example')],
  ['its own address', { kind: 'implicit', host: 'b.example' }, true, record('mx:0 b.example', 'implicit', 3600)],
  ['null MX', { kind: 'null-mx' }, true, record('domain:b.example', 'null-mx', 600)],
  ['no such domain', { kind: 'no-such-domain' }, false, record('domain:b.example', 'no-such-domain', 600)],
  ['no answer, never seen', failure, false, record('domain:b.example', 'temporary-failure', 60)],
  ['no answer, but known: stays where it is', failure, true, undefined],
])('%s', ([, resolution, isKnown, expected]) => {
  expect(domainRecord('b.example', resolution, { isKnown })).toEqual(expected);
});
