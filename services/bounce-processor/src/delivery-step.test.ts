import { expect, test } from 'vitest';

import { stepAfter, type DeliveryResult } from './delivery-step.ts';

const answered = (statusCode: number): DeliveryResult => ({ kind: 'answered', statusCode });
const unreachable: DeliveryResult = { kind: 'unreachable', because: 'ECONNREFUSED' };
const retry = { kind: 'retry', afterMs: 10_000 };

test.for<readonly [title: string, result: DeliveryResult, step: object]>([
  ['200 is delivered', answered(200), { kind: 'delivered' }],
  ['204 too', answered(204), { kind: 'delivered' }],
  ['a redirect is a failure', answered(302), retry],
  ['so is 404', answered(404), retry],
  ['and 500', answered(500), retry],
  ['410 disables', answered(410), { kind: 'disable' }],
  ['no answer is a failure', unreachable, retry],
])('%s', ([, result, step]) => {
  expect(stepAfter(result, 0, 0.5)).toEqual(step);
});

test('the whole course of an endpoint that stays away, in seconds', () => {
  const course = Array.from({ length: 11 }, (_, failures) => {
    const step = stepAfter(unreachable, failures, 0.5);
    return step.kind === 'retry' ? step.afterMs / 1000 : step.kind;
  });
  expect(course).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
});
