import { LEVELS, type MxRule } from '@mxflow/domain';

import {
  registerWorker,
  replaceRules,
  requestGrants,
  type Database,
  type GrantAccount,
  type ScopeAnswer,
  type ScopeRequest,
} from '../src/index.ts';
import { openTestDatabase } from './world.ts';

/** A database whose clock stands where the test puts it. */
export type ArbiterWorld = Database & {
  readonly url: string;
  /** Moves the clock on. */
  pass(seconds: number): Promise<void>;
  /** An epoch of a worker that is alive. */
  worker(): Promise<number>;
  setRules(rules: readonly RuleSketch[]): Promise<void>;
  /** The version of the rules in force. */
  version(): Promise<number>;
  ask(epoch: number, request?: Partial<ScopeRequest>): Promise<ScopeAnswer>;
  scope(key: string): Promise<{ slots: number; level: number; outstanding: number } | undefined>;
};

export type RuleSketch = {
  readonly id?: string;
  readonly mask?: string;
  readonly shared?: boolean;
  readonly maxConnections?: number;
  readonly messagesPerHour?: number;
};

export function rule({ id = 'any', mask = '*', shared = false, ...rest }: RuleSketch): MxRule {
  const { maxConnections = 5, messagesPerHour = 10_000 } = rest;
  const limits = { maxConnections, messagesPerHour, maxMessagesPerConnection: 20 };
  return {
    id,
    mask,
    publicIds: '',
    shared,
    limits: Object.fromEntries(LEVELS.map((level) => [level, limits])),
    connectTimeoutSeconds: 10,
    dataTimeoutSeconds: 240,
    timeoutSeconds: 60,
    tls: 'default',
    origin: 'local',
  };
}

export const PATH = 'path:192.0.2.1/1';

/** A wish for one slot and one token on the path that all tests begin with. */
export function wish(change: Partial<ScopeRequest> = {}): ScopeRequest {
  return {
    scopeKey: PATH,
    ruleId: 'any',
    groupKey: 'site:1',
    publicId: 1,
    mxIp: '192.0.2.1',
    siteId: 1,
    slots: 1,
    tokens: 1,
    tokensInHand: 0,
    account: undefined,
    ...change,
  };
}

export async function openArbiter(rules: readonly RuleSketch[]): Promise<ArbiterWorld> {
  const database = await openTestDatabase();
  const run = (sql: string) => database.client.$executeRawUnsafe(sql);
  await run(`CREATE TABLE test_clock AS SELECT clock_timestamp() AS at`);
  await run(
    `CREATE OR REPLACE FUNCTION mxflow_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT at FROM test_clock'`,
  );
  const version = async (): Promise<number> => {
    const [row] = await database.client.$queryRawUnsafe<{ v: number }[]>(
      `SELECT rules_version::float8 AS v FROM instance`,
    );
    return row?.v ?? 0;
  };
  const setRules = (list: readonly RuleSketch[]) => replaceRules(database, list.map(rule));
  await setRules(rules);
  return {
    ...database,
    pass: async (seconds) => void (await run(`UPDATE test_clock SET at = at + ${seconds} * interval '1 second'`)),
    worker: () => registerWorker(database, 'test', [{ publicId: 1 }]),
    setRules,
    version,
    ask: async (epoch, request) => {
      const [answer] = await requestGrants(database, { epoch, rulesVersion: await version() }, [wish(request)]);
      if (answer === undefined) throw new Error('no answer');
      return answer;
    },
    scope: async (key) => {
      const [row] = await database.client.$queryRawUnsafe<{ slots: number; level: number; outstanding: number }[]>(
        `SELECT slots_used AS slots, level, outstanding::float8 AS outstanding FROM scopes WHERE key = $1`,
        key,
      );
      return row;
    },
  };
}

/** Totals of a worker that knows of so many drawn tokens. */
export function account(drawn: number, settled = 0, returned = 0): GrantAccount {
  return { drawn, settled, returned };
}
