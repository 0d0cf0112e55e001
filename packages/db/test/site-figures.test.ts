import { afterAll, beforeAll, expect, test } from 'vitest';

import { listFailingMost, recordOutcomes } from '../src/index.ts';
import { DAY_ZERO, failed, insertSending, newSite, sent, setClock } from './quarantine-world.ts';
import { openTestDatabase } from './world.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  database = await openTestDatabase();
  await setClock(database, DAY_ZERO);
});
afterAll(() => database[Symbol.asyncDispose]());

test('the sites with the most errors come first, each by what its errors are about', async () => {
  const addresses = Array.from({ length: 40 }, (_, n) => `u${n}@shop.test`);
  const [dead, refusing, calm] = [await newSite(database), await newSite(database), await newSite(database)];
  for (const siteId of [dead, refusing, calm]) {
    const { ids } = await insertSending(database, addresses, { siteId });
    await recordOutcomes(
      database,
      ids.map((id, n) => {
        if (siteId === dead && n < 9) return failed(id, 'user-unknown');
        if (siteId === refusing && n < 3) return { ...failed(id, 'refused'), siteVerdict: 'failed' };
        return sent(id);
      }),
    );
  }
  const nameOf = async (siteId: number) =>
    (
      await database.client.$queryRawUnsafe<{ name: string }[]>(`SELECT name FROM domains WHERE site_id = $1`, siteId)
    )[0]?.name;
  expect(await listFailingMost(database, 10)).toEqual([
    { site: await nameOf(dead), messages: 40, deadAddresses: 9, refusals: 0 },
    { site: await nameOf(refusing), messages: 40, deadAddresses: 0, refusals: 3 },
  ]);
  expect(await listFailingMost(database, 1)).toHaveLength(1);
  await setClock(database, DAY_ZERO + 3 * 3_600_000);
  expect(await listFailingMost(database, 10)).toEqual([]);
});
