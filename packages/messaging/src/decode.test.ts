import { expect, test } from 'vitest';

import { decode, MAX_BODY_OCTETS } from './decode.ts';
import { keysOn } from './topology.ts';

const chunk = JSON.stringify({ jobNumber: '7', chunk: 3 });

test.for<readonly [title: string, key: string, content: string, expected: object]>([
  [
    'a good message is read',
    'job.chunk-accepted.v1',
    chunk,
    { kind: 'message', message: { key: 'job.chunk-accepted.v1', body: { jobNumber: '7', chunk: 3 } } },
  ],
  ['a key of another queue is poison', 'delivery.sent.v1', chunk, { kind: 'poison', reason: 'unknown-key' }],
  [
    'a key that is a property of every object is poison',
    'constructor',
    chunk,
    { kind: 'poison', reason: 'unknown-key' },
  ],
  [
    'an unknown field is poison',
    'job.chunk-accepted.v1',
    '{"jobNumber":"7","chunk":3,"more":1}',
    { kind: 'poison', reason: 'schema-mismatch' },
  ],
  ['half a body is poison', 'job.chunk-accepted.v1', chunk.slice(0, -2), { kind: 'poison', reason: 'invalid-json' }],
  ['an empty body is poison', 'job.chunk-accepted.v1', '', { kind: 'poison', reason: 'invalid-json' }],
  [
    'a huge body is poison',
    'job.chunk-accepted.v1',
    ' '.repeat(MAX_BODY_OCTETS) + chunk,
    { kind: 'poison', reason: 'too-large' },
  ],
])('%s', ([, key, content, expected]) => {
  expect(decode(key, Buffer.from(content), keysOn('prepare'))).toMatchObject(expected);
});
