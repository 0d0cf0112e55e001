import type { Channel, ChannelModel } from 'amqplib';

import { consumeBatch, consumeControl, consumeSingly, type ConsumingWorld } from './consuming.ts';
import { Link } from './link.ts';
import type { Messaging, MessagingOptions } from './messaging.ts';
import { pack } from './outgoing.ts';
import { listParked, replayParked } from './parked.ts';
import { Publisher, type Parcel } from './publisher.ts';
import type { Subscription } from './subscription.ts';
import { assertTopology, assertWorkQueue, laneQueue, type LaneQueue } from './topology.ts';

/**
 * Connects to the broker and declares the topology; repeated for each reconnect, since the broker may have lost its data.
 *
 * Publishing and consuming have a connection each: an alarm of the broker stops reading from those that publish, and
 * acknowledgements, declarations and questions must go on meanwhile.
 */
export async function connectMessaging(options: MessagingOptions): Promise<Messaging> {
  const core = coreOf(options);
  const timeoutMs = options.firstConnectTimeoutMs ?? 60_000;
  const opened = await Promise.allSettled([core.publishing.open(timeoutMs), core.consuming.open(timeoutMs)]);
  const failed = opened.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return messagingOver(core, options);
  await close(core, 0);
  throw failed.reason;
}

type Core = {
  readonly publisher: Publisher;
  readonly blockade: Blockade;
  readonly publishing: Link;
  readonly consuming: Link;
  readonly subscriptions: Set<Subscription>;
  /** Declared here, and declared again after each reconnect. */
  readonly lanes: Set<LaneQueue>;
};

function coreOf(options: MessagingOptions): Core {
  const { url, name, logger, onBlocked, maxUnconfirmed = 10_000, confirmTimeoutMs = 30_000 } = options;
  const lanes = new Set<LaneQueue>();
  const subscriptions = new Set<Subscription>();
  const blockade = new Blockade(onBlocked);
  const publisher = new Publisher({
    maxUnconfirmed,
    confirmTimeoutMs,
    blocked: () => blockade.stands,
    onOverdue: () => logger?.warn({ connection: name }, 'a confirm is overdue: connecting anew'),
  });
  const publishing = new Link({
    url,
    name: `${name} publishing`,
    logger,
    async setUp(model) {
      blockade.watch(model);
      await declareAll(model, lanes);
      await publisher.attach(model);
    },
  });
  const consuming = new Link({
    url,
    name: `${name} consuming`,
    logger,
    setUp: (model) => declareAll(model, []),
    onUp(model) {
      for (const subscription of subscriptions) void subscription.attach(model);
    },
  });
  return { publisher, blockade, publishing, consuming, subscriptions, lanes };
}

function messagingOver(core: Core, options: MessagingOptions): Messaging {
  const { publisher, blockade, consuming, subscriptions, lanes } = core;
  const { logger, validateOutgoing = true, drainMs = 5_000, deliverTwice = false } = options;
  const send = (parcel: Parcel): Promise<void> => publisher.send(parcel);
  const world: ConsumingWorld = { link: consuming, logger, subscriptions, send, deliverTwice };
  return {
    // An async function, so that a broken contract rejects instead of throwing.
    async publish(key, body, publishOptions) {
      await publisher.send(pack({ ...publishOptions, key, body }, validateOutgoing));
    },
    publishMany: (messages) => publisher.sendAll(messages, (message) => pack(message, validateOutgoing)),
    get unconfirmed() {
      return publisher.unconfirmed;
    },
    get blocked() {
      return blockade.stands;
    },
    consume: (consumeOptions) => consumeSingly(world, consumeOptions),
    consumeBatch: (consumeOptions) => consumeBatch(world, consumeOptions),
    consumeControl: (handler) => consumeControl(world, handler),
    async declareLane(laneId) {
      const queue = laneQueue(laneId);
      lanes.add(queue);
      await consuming.withChannel((channel) => assertWorkQueue(channel, queue));
      return queue;
    },
    async deleteLane(laneId) {
      lanes.delete(laneQueue(laneId));
      await consuming.withChannel((channel) => channel.deleteQueue(laneQueue(laneId)));
    },
    queueDepth: (queue) => consuming.withChannel((channel) => depthOf(channel, queue)),
    listParked: (limit) => consuming.withChannel((channel) => listParked(channel, limit)),
    replayParked: (limit) => consuming.withChannel((channel) => replayParked(channel, limit, send)),
    health: () => ({
      publishing: publisher.ready,
      consuming:
        consuming.current !== undefined && subscriptions.values().every((subscription) => subscription.healthy),
      blocked: blockade.stands,
    }),
    [Symbol.asyncDispose]: () => close(core, drainMs),
  };
}

/** Stops consuming, lets go out what is to go out, then closes the connections. */
async function close({ subscriptions, publisher, publishing, consuming }: Core, drainMs: number): Promise<void> {
  await Promise.all([...subscriptions].map((subscription) => subscription.stop(drainMs)));
  await publisher.close(drainMs);
  await Promise.all([publishing[Symbol.asyncDispose](), consuming[Symbol.asyncDispose]()]);
}

async function declareAll(model: ChannelModel, lanes: Iterable<LaneQueue>): Promise<void> {
  const channel = await model.createChannel();
  // The declaration that caused it rejects with the same error.
  channel.on('error', () => {});
  await assertTopology(channel, lanes);
  await channel.close();
}

const NOT_FOUND = 404;

async function depthOf(channel: Channel, queue: string): Promise<number | undefined> {
  try {
    return (await channel.checkQueue(queue)).messageCount;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** Whether an alarm of the broker holds up publishing. It ends with the connection: the next one is told anew. */
class Blockade {
  readonly #onChange: MessagingOptions['onBlocked'];
  stands = false;

  constructor(onChange: MessagingOptions['onBlocked']) {
    this.#onChange = onChange;
  }

  watch(model: ChannelModel): void {
    model.on('blocked', (reason) => {
      this.stands = true;
      this.#onChange?.(reason);
    });
    for (const event of ['unblocked', 'close']) {
      model.on(event, () => {
        if (!this.stands) return;
        this.stands = false;
        this.#onChange?.(undefined);
      });
    }
  }
}
