import type { AddressInfo } from 'node:net';

import { openDatabase } from '@mxflow/db';
import { connectMessaging } from '@mxflow/messaging';
import { requireServers, keepHeapLean, type ProcessContext } from '@mxflow/process';

import { buildApp } from './app.ts';
import { MIN_OCTETS_PER_PATIENCE, type IngestConfig } from './config.ts';
import { createMxLookup } from './mx-lookup.ts';

/** Posts that are still coming in when the process stops have so long to end; a client repeats what was cut off. */
const DRAIN_MS = 10_000;

/** Starts the API. Disposing takes no more requests, lets those in progress end and closes the connections. */
export async function startIngest(config: IngestConfig, context: ProcessContext): Promise<AsyncDisposable> {
  keepHeapLean();
  await using resources = new AsyncDisposableStack();
  const { logger, meter, health } = context;
  const database = resources.use(
    openDatabase(config.DATABASE_URL, { poolSize: config.MXFLOW_API_DATABASE_POOL, name: 'ingest-api' }),
  );
  const messaging = resources.use(await connectMessaging({ url: config.AMQP_URL, name: 'ingest-api', logger }));
  const api = await buildApp({
    database,
    messaging,
    logger,
    meter,
    resolveMx: createMxLookup(config.MXFLOW_DNS),
    secret: config.MXFLOW_SECRET,
    privateWebhooks: config.MXFLOW_PRIVATE_WEBHOOKS,
    limits: {
      bodyOctets: config.MXFLOW_API_MAX_BODY,
      heldOctets: config.MXFLOW_API_HELD_BODIES,
      streams: config.MXFLOW_API_MAX_STREAMS,
      pace: { patienceMs: config.MXFLOW_API_CLIENT_PATIENCE, minOctets: MIN_OCTETS_PER_PATIENCE },
      receiverLeaseSeconds: Math.ceil(config.MXFLOW_API_RECEIVER_LEASE / 1000),
    },
  });
  resources.defer(async () => {
    const cutOff = setTimeout(() => api.server.closeAllConnections(), DRAIN_MS);
    await api.close();
    clearTimeout(cutOff);
  });
  await api.listen({ host: config.MXFLOW_API_HOST, port: config.MXFLOW_API_PORT });
  logger.info({ port: (api.server.address() as AddressInfo).port }, 'listening');
  // The broker is no part of it: a job is accepted without one, and announced when it is back.
  resources.use(requireServers(health, { database }));
  return resources.move();
}
