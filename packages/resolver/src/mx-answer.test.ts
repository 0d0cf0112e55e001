import { expect, test } from 'vitest';

import { readMxRecords, type MxAnswer, type MxRecord } from './mx-answer.ts';

const mx = (priority: number, exchange: string): MxRecord => ({ priority, exchange });

test.for<readonly [title: string, records: readonly MxRecord[], answer: MxAnswer]>([
  [
    'names are lower-cased and lose their final dot',
    [mx(20, 'MX2.Example.NET.'), mx(10, 'mx1.example.net')],
    {
      kind: 'hosts',
      hosts: [
        { preference: 10, host: 'mx1.example.net' },
        { preference: 20, host: 'mx2.example.net' },
      ],
    },
  ],
  ['a single empty name is a null MX', [mx(0, '')], { kind: 'null-mx' }],
  ['so is a single dot, of any preference', [mx(10, '.')], { kind: 'null-mx' }],
  [
    'a null MX among others is nothing',
    [mx(0, '.'), mx(5, 'mx.example.net')],
    { kind: 'hosts', hosts: [{ preference: 5, host: 'mx.example.net' }] },
  ],
  [
    'an address is no host',
    [mx(0, '192.0.2.1'), mx(5, '2001:db8::1'), mx(7, '192.0.2.1.')],
    { kind: 'no-usable-host' },
  ],
  [
    'nor are blanks, CR LF, empty labels or an over-long name',
    [mx(0, 'a b.example'), mx(0, 'a\r\nb.example'), mx(0, 'a..example'), mx(0, `${'a.'.repeat(130)}example`)],
    { kind: 'no-usable-host' },
  ],
  [
    'a host named twice counts once',
    [mx(20, 'mx.example.net'), mx(10, 'MX.example.net')],
    { kind: 'hosts', hosts: [{ preference: 10, host: 'mx.example.net' }] },
  ],
])('%s', ([, records, answer]) => {
  expect(readMxRecords(records)).toEqual(answer);
});

test('of a hundred hosts the twenty of lowest preference are kept', () => {
  const records = Array.from({ length: 100 }, (_, index) => mx(100 - index, `mx${100 - index}.example.net`));
  const answer = readMxRecords(records);
  expect(answer.kind === 'hosts' ? answer.hosts.map(({ preference }) => preference) : []).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
});
