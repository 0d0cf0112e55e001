import { fenceDeadWorkers, holdEpoch, migrate, openDatabase, type Database } from '@mxflow/db';
import { createWorld } from '@mxflow/infra/testing';
import type { ProcessContext } from '@mxflow/process';
import { createLogger } from '@mxflow/telemetry';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { keepEpoch, type EpochKeeper } from '../src/epoch-keeper.ts';

const made = new AsyncDisposableStack();
let database: Database;
let databaseUrl: string;
let begun: number[] = [];

beforeAll(async () => {
  const world = made.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  databaseUrl = world.databaseUrl;
  database = made.use(openDatabase(databaseUrl));
});
afterAll(() => made.disposeAsync());
beforeEach(() => void (begun = []));

/** A keeper that renews when it is told to. */
async function keep(): Promise<EpochKeeper> {
  const nothing = { [Symbol.asyncDispose]: async () => {} };
  return await keepEpoch({
    database,
    databaseUrl,
    name: 'test',
    sources: [],
    lifeMs: 60_000,
    onExpired: () => {},
    onRenewed: () => {},
    onNotification: () => {},
    onFenced: (epoch) => begun.push(epoch),
    context: {
      logger: createLogger({ service: 'test', level: 'silent' }),
      every: () => nothing,
    } as unknown as ProcessContext,
  });
}

async function fence(epoch: number): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE workers SET renewed_at = renewed_at - interval '1 hour' WHERE epoch = $1`,
    epoch,
  );
  expect(await fenceDeadWorkers(database, { lifeSeconds: 10, lostHoldSeconds: 600 })).toEqual([epoch]);
}

test('an epoch that could not be begun is not taken for one: what the fenced one held is forgotten before anything is sent', async () => {
  await using keeper = await keep();
  const fenced = keeper.epoch;
  await fence(fenced);
  // What proves the next epoch alive cannot be had, for now.
  const inTheWay = await holdEpoch(databaseUrl, fenced + 1);
  await expect(keeper.renew()).rejects.toThrow('held by another session');
  expect({ alive: keeper.alive(), begun }).toEqual({ alive: false, begun: [] });
  await inTheWay[Symbol.asyncDispose]();
  await keeper.renew();
  expect(keeper.alive()).toBe(true);
  expect(begun).toEqual([keeper.epoch]);
});

test('two renewals that meet a fence begin one epoch', async () => {
  await using keeper = await keep();
  await fence(keeper.epoch);
  await Promise.all([keeper.renew(), keeper.renew()]);
  expect(begun).toEqual([keeper.epoch]);
});
