import { expect, test } from 'vitest';

import { batchOf, MAX_BODY_OCTETS } from './webhook-body.ts';
import { signatureOf } from './webhook-signature.ts';

const event = (id: string, reply = '250 Ok') => ({
  id,
  body: { event: 'message.sent', message: 'job-1-7', attempt: 2, reply },
});

test('an event is told with an id that names what happened, and its place in the order', () => {
  expect(JSON.parse(batchOf([event('9007')]).body)).toEqual({
    events: [
      {
        id: 'job-1-7/2/message.sent',
        event: 'message.sent',
        message: 'job-1-7',
        attempt: 2,
        reply: '250 Ok',
        sequence: 9007,
      },
    ],
  });
});

test('what would make the body too long waits for the next one; one event is always sent', () => {
  const long = 'ü'.repeat(MAX_BODY_OCTETS / 5);
  const three = [event('1', long), event('2', long), event('3', long)];
  expect(batchOf(three).events.map(({ id }) => id)).toEqual(['1', '2']);
  expect(batchOf([event('1', long.repeat(4)), event('2')]).events.map(({ id }) => id)).toEqual(['1']);
});

test('the signature is the HMAC-SHA256 of time, dot and body', () => {
  // Known answer: openssl dgst -sha256 -hmac whsec_test over the text `1800000000.{"events":[]}`.
  expect(signatureOf('{"events":[]}', 'whsec_test', 1_800_000_000)).toBe(
    't=1800000000,v1=83fcd762931934c76310d1904fb775e6aa425e0b639d607a8c67d983170309d1',
  );
});
