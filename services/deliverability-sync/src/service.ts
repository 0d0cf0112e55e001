import { noteSyncService, openDatabase, readSyncState, type Database } from '@mxflow/db';
import { keepHeapLean, requireServers, SettingsError, type ProcessContext } from '@mxflow/process';
import { derivedClientKey, derivedSigningKey, readTrustedKey, type TrustedKey } from '@mxflow/rule-set';

import type { SyncConfig } from './config.ts';
import { createEvents, type SyncEvents } from './events.ts';
import { openConnections } from './hub-connection.ts';
import { openInThread } from './open-in-thread.ts';
import { reportUnmatched } from './report-unmatched.ts';
import { isZone, nextDue, type Schedule } from './schedule.ts';
import { sourceOf, type RuleSetSource } from './source.ts';
import { takeTurn } from './turn.ts';

const CONNECTIONS = 3;
/** How soon what an operator asks for, and what the schedule says, is noticed. */
const LOOK_EVERY_MS = 1_000;
const STANDING_EVERY_MS = 5_000;

/** Starts a sync: pulls rule sets daily, at first start and on demand, one replica at a time. */
export async function startSync(config: SyncConfig, context: ProcessContext): Promise<AsyncDisposable> {
  keepHeapLean();
  await using resources = new AsyncDisposableStack();
  const { logger, meter, signal, every } = context;
  const events = createEvents(logger, meter);
  const schedule = scheduleOf(config);
  const trustedKeys = await trustedKeysOf(config);
  const secret = config.MXFLOW_SECRET;
  const source = sourceOf(config, secret === undefined ? undefined : derivedClientKey(secret));
  const database = resources.use(
    openDatabase(config.DATABASE_URL, { poolSize: CONNECTIONS, name: 'deliverability-sync' }),
  );
  const connections = openConnections(source);
  resources.defer(() => connections.destroy());
  const enabled = config.MXFLOW_SYNC_ENABLED;
  const deciding = { enabled, schedule, random: Math.random };
  const parts = { database, events, source, connections, trustedKeys, open: openInThread(), signal, ...deciding };
  resources.use(
    every(STANDING_EVERY_MS, () => stand(database, events, { enabled, source, schedule }), { name: 'standing' }),
  );
  resources.use(
    every(
      LOOK_EVERY_MS,
      async () => {
        const ending = await takeTurn(parts);
        const isThere = ending !== undefined && !['refused', 'failed'].includes(ending.outcome);
        if (isThere && config.MXFLOW_SYNC_UNMATCHED) await reportUnmatched(parts);
      },
      { name: 'sync' },
    ),
  );
  resources.use(requireServers(context.health, { database }));
  return resources.move();
}

type Setup = { readonly enabled: boolean; readonly source: RuleSetSource; readonly schedule: Schedule };

/** Tells how things stand: in metrics, and to who asks the API. */
async function stand(database: Database, events: SyncEvents, { enabled, source, schedule }: Setup): Promise<void> {
  const state = await readSyncState(database);
  events.standing(state, enabled);
  const { atMs } = nextDue(state.now.getTime(), schedule, state.spread);
  const next = enabled ? { nextAt: new Date(atMs).toISOString() } : {};
  const facts = { enabled, source: source.url, ...schedule, ...next };
  if (JSON.stringify(facts) !== JSON.stringify(state.service)) await noteSyncService(database, facts);
}

function scheduleOf({
  MXFLOW_SYNC_AT: at,
  MXFLOW_SYNC_ZONE: zone,
  MXFLOW_SYNC_JITTER: jitterMs,
}: SyncConfig): Schedule {
  if (isZone(zone)) return { at, zone, jitterMs };
  throw new SettingsError([{ name: 'MXFLOW_SYNC_ZONE', expected: 'a time zone such as Europe/Paris', found: zone }]);
}

/** The keys that are configured, else the one that a hub with the same secret signs by. */
async function trustedKeysOf({
  MXFLOW_SYNC_TRUSTED_KEYS: configured,
  MXFLOW_SECRET: secret,
}: SyncConfig): Promise<readonly TrustedKey[]> {
  const name = 'MXFLOW_SYNC_TRUSTED_KEYS';
  if (configured.length === 0 && secret === undefined) {
    throw new SettingsError([{ name, expected: 'keys to trust, or MXFLOW_SECRET', found: 'neither' }]);
  }
  const texts = configured.length > 0 ? configured : [(await derivedSigningKey(secret ?? '')).publicKey];
  const keys = (await Promise.all(texts.map(readTrustedKey))).filter((key) => key !== undefined);
  if (keys.length === texts.length) return keys;
  throw new SettingsError([{ name, expected: 'public keys of Ed25519', found: 'something else among them' }]);
}
