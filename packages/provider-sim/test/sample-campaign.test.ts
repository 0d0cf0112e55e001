import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, test } from 'vitest';

import { analyse } from '../src/analyse.ts';
import { DEAD_MX_HOST, DEMO_SEED, demoProviders, demoRecipients, EXPECTED } from '../src/demo-scenario.ts';
import { readReferee } from '../src/referee.ts';
import { startProviders, type Provider, type Providers } from '../src/start-providers.ts';
import { connectRaw, content } from './raw-client.ts';

const RETRY_AFTER_MS = 2000;

/** Delivers one message each over one connection, once; answers who was deferred and how many were refused for good. */
async function attempt(
  sims: Providers,
  provider: Provider,
  addresses: readonly string[],
): Promise<{ deferred: string[]; failed: number }> {
  const host = provider.spec.mxHosts.find((one) => one.host !== DEAD_MX_HOST)?.addresses[0] ?? '';
  using client = await connectRaw({ port: sims.smtpPort, host });
  await client.reply();
  await client.ask('EHLO sender.test');
  const deferred: string[] = [];
  let failed = 0;
  for (const address of addresses) {
    client.say(`MAIL FROM:<b+${address.replace('@', '=')}@sender.test>`, `RCPT TO:<${address}>`, 'DATA');
    await client.reply();
    const recipient = await client.reply();
    const data = await client.reply();
    if (recipient.startsWith('4')) deferred.push(address);
    else if (recipient.startsWith('5')) failed += 1;
    if (!data.startsWith('354')) {
      await client.ask('RSET');
      continue;
    }
    client.write(`${content(address)}.\r\n`);
    await client.reply();
  }
  await client.ask('QUIT');
  return { deferred, failed };
}

test('the sample campaign, delivered by hand, ends as it must', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'provider-sim-'));
  await using sims = await startProviders({
    specs: demoProviders({ network: '127.77' }),
    seed: DEMO_SEED,
    refereeFile: path.join(folder, 'referee.ndjson'),
  });
  const recipients = demoRecipients().map(({ address }) => address);
  const found = await Promise.all(
    [...sims.providers.values()].map(async (provider) => {
      const mine = recipients.filter((address) =>
        provider.spec.domains.some((domain) => address.endsWith(`@${domain}`)),
      );
      let failed = 0;
      let waiting = mine;
      for (let round = 0; waiting.length > 0 && round < 6; round += 1) {
        if (round > 0) await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
        const tried = await attempt(sims, provider, waiting);
        failed += tried.failed;
        waiting = tried.deferred;
      }
      return [provider.name, { recipients: mine.length, sent: provider.stats.accepted, failed }] as const;
    }),
  );
  const expected = Object.entries(EXPECTED.providers).map(([name, { recipients: all, sent, failed }]) => [
    name,
    { recipients: all, sent, failed },
  ]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  sims.referee.flush();
  const analysis = await analyse(readReferee(sims.referee.file));
  expect(analysis.accepted).toBe(EXPECTED.statuses.sent);
  expect(analysis.duplicates).toEqual([]);
  expect(analysis.stillOpen).toBe(0);
  await rm(folder, { recursive: true });
});
