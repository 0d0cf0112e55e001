import { EventEmitter } from 'node:events';

import type { ChannelModel } from 'amqplib';
import { expect, test } from 'vitest';

import { Activity } from './activity.ts';
import type { Link } from './link.ts';
import { Subscription } from './subscription.ts';

test('a channel that dies right behind the answer that it consumes is followed by another', async () => {
  let channels = 0;
  const createChannel = async () => {
    const channel = new EventEmitter();
    const isFirst = channels === 0;
    channels += 1;
    const consume = async () => {
      // As where both frames come in one read: nobody has been told of the first when the second is there.
      if (isFirst) channel.emit('close');
      return { consumerTag: 'tag' };
    };
    const nothing = async (): Promise<void> => {};
    return Object.assign(channel, { consume, prefetch: nothing, cancel: nothing, close: nothing });
  };
  const model = { createChannel } as unknown as ChannelModel;
  const subscription = new Subscription({
    link: { current: model } as Link,
    logger: undefined,
    send: async () => {},
    declare: async () => 'outcomes',
    keys: ['delivery.sent.v1'],
    prefetch: 1,
    take: () => {},
    handOut: { take: () => {}, halt: () => {} },
    activity: new Activity(),
    onStopped: () => {},
  });
  await subscription.attach(model);
  expect({ healthy: subscription.healthy, channels }).toEqual({ healthy: true, channels: 2 });
  await subscription.stop(0);
});
