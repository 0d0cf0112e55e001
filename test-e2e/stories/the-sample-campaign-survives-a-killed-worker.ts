import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { demoProviders, demoRecipients, EXPECTED } from '@mxflow/provider-sim';
import { expect, test } from 'vitest';

import { thisRun } from '../engine/this-run.ts';
import { compareLog } from '../stack/agreement.ts';
import { postCampaign, type Campaign } from '../stack/campaign.ts';
import { startComposeStack } from '../stack/compose-stack.ts';
import { startProvidersContainer } from '../stack/providers-container.ts';
import { makeStoryNetwork } from '../stack/story-network.ts';

/** With a few connections to each provider a single worker would be busy for a minute: time to scale out and to kill. */
const REPLY_DELAY_MS = 100;
/** What a fresh database allows on every path, at the level Normal. */
const CONNECTIONS_PER_PATH = 4;
const PATHS = demoProviders().flatMap(({ mxHosts }) => mxHosts.flatMap(({ addresses }) => addresses)).length;
/** Most messages of one worker whose outcome its death can leave open: connections in use, and outcomes unconfirmed. */
const MOST_IN_DOUBT = CONNECTIONS_PER_PATH * PATHS + 64;

test('the sample campaign is delivered although one of three workers is killed', async () => {
  const run = thisRun();
  await using resources = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'mxflow-story-'));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  const network = resources.use(await makeStoryNetwork(run.docker, `${run.prefix}-network`));
  const providers = resources.use(await startProvidersContainer(run.docker, `${run.prefix}-providers`, network));
  await providers.slowDown(REPLY_DELAY_MS);
  const stack = resources.use(
    await startComposeStack(
      run,
      { project: `${run.prefix}-stack`, network },
      {
        MXFLOW_DNS: providers.dns,
        MXFLOW_SMTP_PORT: String(providers.smtpPort),
        MXFLOW_PRIVATE_MX: network.cidr,
      },
    ),
  );
  try {
    const campaign = await postCampaign(stack, demoRecipients());
    expect(campaign.accepted).toMatchObject({ accepted: EXPECTED.accepted, rejected: 0 });

    await sentAtLeast(campaign, 100);
    const [firstWorker] = await stack.containersOf('mta-worker');
    await stack.scale('mta-worker', 3);
    await sentAtLeast(campaign, 600);
    await firstWorker?.kill({ signal: 'SIGKILL' });
    expect((await campaign.view()).state).toBe('active');

    const killedAt = performance.now();
    const job = await campaign.until(({ state }) => state === 'finished', 400_000);
    const { inDoubt, ...statuses } = job.counts;
    expect(statuses).toEqual(EXPECTED.statuses);
    expect(inDoubt).toBeLessThanOrEqual(MOST_IN_DOUBT);

    const refereeFile = join(folder, 'referee.ndjson');
    await providers.saveReferee(refereeFile);
    const messages = await campaign.messages();
    expect(messages).toHaveLength(EXPECTED.accepted);
    const { faults, duplicates } = await compareLog(messages, refereeFile);
    const seconds = ((performance.now() - killedAt) / 1000).toFixed(0);
    process.stderr.write(
      `finished ${seconds} s after the kill; in doubt ${inDoubt}, accepted twice ${duplicates.length}\n`,
    );
    expect(faults).toEqual([]);
    expect(await neverInDoubt(campaign, duplicates)).toEqual([]);
    // Meanwhile the stack's own hub has published its first set, and that was pulled.
    expect(await readSync(stack)).toMatchObject({ newest: 1, failures: 0, inForce: { mxRules: 1, bounceRules: 1 } });
  } catch (error) {
    process.stderr.write(`${await stack.logs()}\n`);
    throw error;
  }
});

async function readSync({ api, apiKey }: { readonly api: string; readonly apiKey: string }): Promise<unknown> {
  const response = await fetch(`${api}/v1/sync`, { headers: { authorization: `Bearer ${apiKey}` } });
  return await response.json();
}

async function sentAtLeast(campaign: Campaign, count: number): Promise<void> {
  await campaign.until(({ counts }) => counts.sent >= count, 240_000);
}

/** Those of the messages whose log names no attempt in doubt. */
async function neverInDoubt(campaign: Campaign, messages: readonly { readonly id: string }[]): Promise<string[]> {
  const histories = await Promise.all(messages.map(({ id }) => campaign.history(id)));
  return histories.filter(({ history }) => history.every(({ inDoubt }) => inDoubt !== true)).map(({ id }) => id);
}
