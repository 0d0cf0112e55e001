import {
  loadBundledPolicies,
  loadBundledRules,
  migrate,
  openDatabase,
  readRuleSet,
  readSyncState,
  type Database,
} from '@mxflow/db';
import { createWorld } from '@mxflow/infra/testing';
import { derivedClientKey, openRuleSet, readTrustedKey, type TrustedKey } from '@mxflow/rule-set';

import { openConnections } from '../src/hub-connection.ts';
import type { OpenRuleSet } from '../src/open-in-thread.ts';
import type { Schedule } from '../src/schedule.ts';
import { takeTurn, type TurnParts } from '../src/turn.ts';
import { SECRET, type SigningServer } from './hub.ts';

/** An instance with its bundled rules, and a clock that only the test moves. */
export type Instance = AsyncDisposable & {
  readonly database: Database;
  readonly databaseUrl: string;
  setClock(instant: string): Promise<void>;
  passMinutes(minutes: number): Promise<void>;
  /** Version of the MX rules, their ids, and how many reply rules: what a half-applied set would mix. */
  inForce(): Promise<string>;
};

export async function startInstance(): Promise<Instance> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  const database = stack.use(openDatabase(world.databaseUrl));
  await loadBundledRules(database);
  await loadBundledPolicies(database);
  const run = (sql: string) => database.client.$executeRawUnsafe(sql);
  const held = stack.move();
  return {
    database,
    databaseUrl: world.databaseUrl,
    setClock: async (instant) => {
      await run(`CREATE TABLE IF NOT EXISTS test_clock (at timestamptz)`);
      await run(`DELETE FROM test_clock`);
      await run(`INSERT INTO test_clock VALUES ('${instant}')`);
      await run(
        `CREATE OR REPLACE FUNCTION mxflow_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT at FROM test_clock'`,
      );
    },
    passMinutes: async (minutes) => void (await run(`UPDATE test_clock SET at = at + interval '${minutes} minutes'`)),
    inForce: async () => {
      const { lists } = await readSyncState(database);
      const { rules, version } = await readRuleSet(database);
      return JSON.stringify({ lists, version, rules });
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

export type ReplicaOptions = {
  readonly schedule?: Schedule;
  readonly enabled?: boolean;
  readonly trustedKeys?: readonly TrustedKey[];
  readonly deadlineMs?: number;
  /** In a thread of its own as the service does it, which takes its time to start; here where left out. */
  readonly open?: OpenRuleSet;
};

export const SCHEDULE: Schedule = { at: '03:00', zone: 'UTC', jitterMs: 3_600_000 };

/** One replica of the service, whose turns the test takes. */
export async function openReplica(
  { database }: Pick<Instance, 'database'>,
  hub: Pick<SigningServer, 'url' | 'key'>,
  { schedule = SCHEDULE, enabled = true, trustedKeys, deadlineMs = 5_000, open = openRuleSet }: ReplicaOptions = {},
) {
  const own = await readTrustedKey(hub.key.publicKey);
  if (own === undefined) throw new Error('expected a public key, found none');
  const source = {
    url: `${hub.url}v1/rule-set`,
    unmatchedUrl: `${hub.url}v1/unmatched`,
    key: derivedClientKey(SECRET),
    isCleartextAllowed: false,
    deadlineMs,
  };
  const connections = openConnections(source);
  const diary: string[] = [];
  const parts: TurnParts = {
    database,
    enabled,
    source,
    connections,
    trustedKeys: trustedKeys ?? [own],
    open,
    signal: new AbortController().signal,
    schedule,
    random: () => 0.5,
    events: {
      begun: ({ cause }) => void diary.push(cause),
      ended: (_run, { outcome, because }) => void diary.push([outcome, because].filter(Boolean).join(': ')),
      takenOver: () => void diary.push('taken over'),
    },
  };
  return {
    diary,
    parts,
    turn: () => takeTurn(parts),
    [Symbol.asyncDispose]: () => connections.destroy(),
  };
}
