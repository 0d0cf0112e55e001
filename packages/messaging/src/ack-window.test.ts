import fc from 'fast-check';
import { expect, test } from 'vitest';

import { AckWindow } from './ack-window.ts';

/** The broker's side of one channel: what it holds unacknowledged, oldest first. */
class UnackedAtBroker {
  readonly tags: Set<number>;

  constructor(count: number) {
    this.tags = new Set(Array.from({ length: count }, (_, index) => index + 1));
  }

  /** RabbitMQ closes the channel when an acknowledgement names a tag that it does not hold. */
  acknowledge(tag: number, allUpTo: boolean): readonly number[] {
    if (!this.tags.has(tag)) throw new Error(`unknown delivery tag ${tag}`);
    const taken = allUpTo ? [...this.tags].filter((held) => held <= tag) : [tag];
    for (const held of taken) this.tags.delete(held);
    return taken;
  }
}

test('in whatever order deliveries settle, each is acknowledged once and none before it settled', () => {
  const shuffled = fc.integer({ min: 1, max: 60 }).chain((count) =>
    fc.shuffledSubarray(
      Array.from({ length: count }, (_, index) => index + 1),
      { minLength: count },
    ),
  );
  fc.assert(
    fc.property(shuffled, fc.array(fc.boolean()), (order, takeAfter) => {
      const broker = new UnackedAtBroker(order.length);
      const window = new AckWindow<number>();
      const settled = new Set<number>();
      const send = (): void => {
        const { allUpTo, singly } = window.take();
        const acknowledged = [
          ...(allUpTo === undefined ? [] : broker.acknowledge(allUpTo, true)),
          ...singly.flatMap((tag) => broker.acknowledge(tag, false)),
        ];
        for (const tag of acknowledged) expect(settled.has(tag)).toBe(true);
      };
      for (const [index, tag] of order.entries()) {
        window.settle(tag, tag);
        settled.add(tag);
        if (takeAfter[index] === true) send();
      }
      send();
      expect(broker.tags.size).toBe(0);
    }),
  );
});

test('a run from the oldest on takes one acknowledgement', () => {
  const window = new AckWindow<string>();
  for (const tag of [2, 1, 3, 5]) window.settle(tag, `delivery ${tag}`);
  expect(window.take()).toEqual({ allUpTo: 'delivery 3', singly: ['delivery 5'] });
  expect(window.take()).toEqual({ allUpTo: undefined, singly: [] });
});
