import { randomUUID } from 'node:crypto';

import { countHeldBack, forgetOldFeedback, openDatabase } from '@mxflow/db';
import { createFeedbackDesk } from '@mxflow/feedback';
import { connectMessaging } from '@mxflow/messaging';
import { requireServers, open, type ProcessContext } from '@mxflow/process';
import { createResolver } from '@mxflow/resolver';

import type { BounceConfig } from './config.ts';
import { createEvents } from './events.ts';
import { startInbound } from './inbound/start-inbound.ts';
import { createReadingEvents } from './reading-events.ts';
import { createOutcomeRecorder } from './record-outcomes.ts';
import { openRuleDesk } from './rule-desk.ts';
import { createSiteGuard } from './site-guard.ts';
import { addressPolicy } from './webhook-address.ts';
import { createWebhookPost } from './webhook-post.ts';
import { startWebhookSender } from './webhook-sender.ts';
import { keepOutbox } from './webhook-upkeep.ts';

/** How long the first outcome of a batch waits for company: every outcome waits so long at most. */
const BATCH_WAIT_MS = 50;
const HELD_BACK_EVERY_MS = 5000;
const FORGET_EVERY_MS = 60_000;

/** Starts the bounce-processor: outcomes and bounce mail → delivery log and quarantine, outbox → webhooks. */
export async function startBounceProcessor(config: BounceConfig, context: ProcessContext): Promise<AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const { logger, meter } = context;
  const events = { ...createEvents(meter, logger), ...createReadingEvents(meter, logger) };
  const post = resources.use(
    createWebhookPost({
      resolver: createResolver(config.MXFLOW_DNS.length === 0 ? {} : { servers: config.MXFLOW_DNS }),
      mayReach: addressPolicy(config.MXFLOW_PRIVATE_WEBHOOKS),
    }),
  );
  const database = resources.use(openDatabase(config.DATABASE_URL, { poolSize: 5, name: 'bounce-processor' }));
  const messaging = resources.use(
    await connectMessaging({
      url: config.AMQP_URL,
      name: 'bounce-processor',
      logger,
      deliverTwice: config.MXFLOW_TEST_DELIVER_TWICE,
    }),
  );
  const { every } = context;
  resources.use(keepOutbox({ database, events, giveUpMs: config.MXFLOW_WEBHOOK_GIVE_UP, every }));
  resources.use(
    startWebhookSender({
      database,
      post,
      openSecret: (sealed) => open(sealed, config.MXFLOW_SECRET, 'webhook-secret'),
      events,
      sender: randomUUID(),
      concurrency: config.MXFLOW_WEBHOOK_CONCURRENCY,
      every,
    }),
  );
  resources.use(
    every(HELD_BACK_EVERY_MS, async () => events.heldBack(await countHeldBack(database)), { name: 'held-back' }),
  );
  resources.use(every(FORGET_EVERY_MS, () => forgetOldFeedback(database), { name: 'forget-feedback' }));
  const feedback = createFeedbackDesk({ database, logger, meter });
  const guard = createSiteGuard(database, events);
  const desk = resources.use(await openRuleDesk(database, events, context));
  resources.use(
    await messaging.consumeBatch({
      queue: 'outcomes',
      prefetch: config.MXFLOW_OUTCOME_BATCH * 2,
      maxBatch: config.MXFLOW_OUTCOME_BATCH,
      maxWaitMs: BATCH_WAIT_MS,
      handler: createOutcomeRecorder({ database, events, desk, feedback, guard }),
    }),
  );
  resources.use(await startInbound(config, { desk, events, context }));
  resources.use(requireServers(context.health, { database, messaging }));
  return resources.move();
}
