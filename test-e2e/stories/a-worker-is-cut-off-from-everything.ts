import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  analyse,
  demoRecipients,
  demoProviders,
  LIMIT_WINDOWS_MS,
  limitViolations,
  readReferee,
} from '@mxflow/provider-sim';
import { expect, test } from 'vitest';

import { thisRun } from '../engine/this-run.ts';
import { postCampaign } from '../stack/campaign.ts';
import { startComposeStack } from '../stack/compose-stack.ts';
import { startProvidersContainer } from '../stack/providers-container.ts';
import { makeStoryNetwork } from '../stack/story-network.ts';

/** What a fresh database allows on every path, at the level Normal. */
const LIMITS = { maxConnections: 4, maxMessagesPerConnection: 100, messagesPerHour: 15_000 };
const REPLY_DELAY_MS = 60;
/** Well beyond the life of a worker that nobody hears of: 10 s. */
const CUT_OFF_MS = 30_000;
/** Of 2,000. */
const GOES_ON_TO = 1500;
const PATHS = demoProviders().flatMap(({ mxHosts }) => mxHosts.flatMap(({ addresses }) => addresses)).length;
const MOST_IN_DOUBT = LIMITS.maxConnections * PATHS + 64;

test('a worker is cut off from Postgres, broker and providers, and comes back: no provider sees more than its limits', async () => {
  const run = thisRun();
  await using resources = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'mxflow-story-'));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  const network = resources.use(await makeStoryNetwork(run.docker, `${run.prefix}-cut-network`));
  const providers = resources.use(await startProvidersContainer(run.docker, `${run.prefix}-cut-providers`, network));
  await providers.slowDown(REPLY_DELAY_MS);
  const settings = {
    MXFLOW_DNS: providers.dns,
    MXFLOW_SMTP_PORT: String(providers.smtpPort),
    MXFLOW_PRIVATE_MX: network.cidr,
  };
  const stack = resources.use(await startComposeStack(run, { project: `${run.prefix}-cut`, network }, settings));
  try {
    await stack.scale('mta-worker', 2);
    const campaign = await postCampaign(stack, demoRecipients());
    await campaign.until(({ counts }) => counts.sent >= 200, 240_000);
    const [worker] = await stack.containersOf('mta-worker');
    if (worker === undefined) throw new Error('there is no worker');
    const wire = run.docker.getNetwork(network.id);
    await wire.disconnect({ Container: worker.id, Force: true });
    const cutAt = performance.now();
    await campaign.until(() => performance.now() - cutAt > CUT_OFF_MS, 2 * CUT_OFF_MS);
    await wire.connect({ Container: worker.id });

    // What it held there is counted for ten minutes more: the campaign goes on with what is left.
    await campaign.until(({ counts }) => counts.sent >= GOES_ON_TO, 400_000);
    const { inDoubt } = (await campaign.view()).counts;
    const refereeFile = join(folder, 'referee.ndjson');
    await providers.saveReferee(refereeFile);
    // All workers stand for one source: what an MX address sees of them together is what its owner counts.
    const scopes = { address: ({ dst }: { readonly dst: string }) => dst };
    const seen = await analyse(readReferee(refereeFile), { windowsMs: LIMIT_WINDOWS_MS, scopes });
    const violations = Object.entries(seen.scopes['address'] ?? {}).flatMap(([name, figures]) =>
      limitViolations(figures, LIMITS).map((fault) => `${name}: ${fault}`),
    );
    process.stderr.write(`in doubt ${inDoubt}, connections that providers still count ${seen.stillOpen}\n`);
    expect(violations).toEqual([]);
    expect(inDoubt).toBeLessThanOrEqual(MOST_IN_DOUBT);
    // It sends again, and was not begun anew.
    const { State, RestartCount } = await worker.inspect();
    expect({ running: State.Running, restarts: RestartCount }).toEqual({ running: true, restarts: 0 });
  } catch (error) {
    process.stderr.write(`${await stack.logs()}\n`);
    throw error;
  }
});
