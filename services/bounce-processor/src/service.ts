import { openDatabase } from '@mxflow/db';
import { connectMessaging } from '@mxflow/messaging';
import type { ProcessContext } from '@mxflow/process';
import type { BounceConfig } from './config.ts';
import { createEvents } from './events.ts';
import { createOutcomeRecorder } from './record-outcomes.ts';

/** How long the first outcome of a batch waits for company: every outcome waits so long at most. */
const BATCH_WAIT_MS = 10;

/** Starts the bounce-processor: outcomes → delivery log. */
export async function startBounceProcessor(config: BounceConfig, context: ProcessContext): Promise<AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const { logger, meter } = context;
  const database = resources.use(openDatabase(config.DATABASE_URL, { poolSize: 5, name: 'bounce-processor' }));
  const messaging = resources.use(
    await connectMessaging({
      url: config.AMQP_URL,
      name: 'bounce-processor',
      logger,
      deliverTwice: config.MXFLOW_TEST_DELIVER_TWICE,
    }),
  );
  resources.use(
    await messaging.consumeBatch({
      queue: 'outcomes',
      prefetch: config.MXFLOW_OUTCOME_BATCH * 2,
      maxBatch: config.MXFLOW_OUTCOME_BATCH,
      maxWaitMs: BATCH_WAIT_MS,
      handler: createOutcomeRecorder(database, createEvents(meter)),
    }),
  );
  resources.use(
    context.health.addReadiness('postgres', async () => {
      if (!(await database.answers())) throw new Error('does not answer');
    }),
  );
  resources.use(
    context.health.addReadiness('broker', async () => {
      const { publishing, consuming } = messaging.health();
      if (!publishing || !consuming) throw new Error('not connected');
    }),
  );
  return resources.move();
}
