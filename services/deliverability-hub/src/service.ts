import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';

import { admitClientKey, openDatabase, type Database } from '@mxflow/db';
import { keepHeapLean, requireServers, SettingsError, type Periodic, type ProcessContext } from '@mxflow/process';
import { bundledRuleSet, derivedClientKey } from '@mxflow/rule-set';

import { buildApp } from './app.ts';
import { MIN_OCTETS_PER_PATIENCE, type HubConfig } from './config.ts';
import { createEvents, type HubEvents } from './events.ts';
import { foundBy } from './found.ts';
import { openShelf, type Shelf } from './shelf.ts';
import { signingKeys } from './signing-keys.ts';

/** Calls in progress have so long to end when the process stops. */
const DRAIN_MS = 10_000;
/** How soon a version that another hub published is noticed. */
const FOLLOW_MS = 2_000;
/** Not a name that an editor can give. */
const SECRET_CLIENT = '(same secret)';

/** Starts the hub. Disposing takes no more requests, lets those in progress end and closes the connections. */
export async function startHub(config: HubConfig, context: ProcessContext): Promise<AsyncDisposable> {
  keepHeapLean();
  await using resources = new AsyncDisposableStack();
  const { logger, meter, health } = context;
  const events = createEvents(logger, meter);
  const keys = await signingKeys(config);
  const database = resources.use(
    openDatabase(config.DATABASE_URL, { poolSize: config.MXFLOW_HUB_DATABASE_POOL, name: 'deliverability-hub' }),
  );
  const shelf = openShelf({ database, keys, events });
  resources.use(followVersions(context, { database, shelf, events, secret: config.MXFLOW_SECRET }));
  const api = await buildApp({
    database,
    shelf,
    keys,
    events,
    tls: tlsOf(config),
    pace: { patienceMs: config.MXFLOW_HUB_CLIENT_PATIENCE, minOctets: MIN_OCTETS_PER_PATIENCE },
  });
  resources.defer(async () => {
    const cutOff = setTimeout(() => api.server.closeAllConnections(), DRAIN_MS);
    await api.close();
    clearTimeout(cutOff);
  });
  await api.listen({ host: config.MXFLOW_HUB_HOST, port: config.MXFLOW_HUB_PORT });
  logger.info({ port: (api.server.address() as AddressInfo).port, kids: keys.map(({ kid }) => kid) }, 'listening');
  resources.use(requireServers(health, { database }));
  resources.use(
    health.addReadiness('rule set', async () => {
      if (shelf.newest() === undefined) throw new Error('none loaded yet');
    }),
  );
  return resources.move();
}

function tlsOf({ MXFLOW_HUB_TLS_CERT: cert, MXFLOW_HUB_TLS_KEY: key }: HubConfig) {
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined)
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  const name = cert === undefined ? 'MXFLOW_HUB_TLS_CERT' : 'MXFLOW_HUB_TLS_KEY';
  throw new SettingsError([{ name, expected: 'certificate and key, or neither', found: 'only the other one' }]);
}

type Following = {
  readonly database: Database;
  readonly shelf: Shelf;
  readonly events: HubEvents;
  readonly secret: string | undefined;
};

/** Founds the hub as soon as Postgres is there, then looks for versions that other replicas publish. */
function followVersions(context: ProcessContext, { database, shelf, events, secret }: Following): Periodic {
  let isFounded = false;
  return context.every(
    FOLLOW_MS,
    async () => {
      if (!isFounded) {
        if (await foundBy(database, bundledRuleSet())) events.founded();
        if (secret !== undefined) {
          await admitClientKey(database, { name: SECRET_CLIENT, key: derivedClientKey(secret) });
        }
        isFounded = true;
      }
      await shelf.refresh();
    },
    { name: 'rule-set versions' },
  );
}
