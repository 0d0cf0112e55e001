import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { blockSite, noteFeedback, saveDomains, seedFeedbackRules } from '@mxflow/db';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEFINITION, recipientsUpTo, startApi, type TestApi } from './api.ts';

const run = promisify(execFile);
const MAIN = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

async function mxflow(...words: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [MAIN, '--api', api.url, '--key', api.key, ...words]);
  return stdout;
}

test('the command line says why, shows what rests and is held back, and ends it', async () => {
  const { database } = api;
  const { body: job } = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(1) } });
  expect(await mxflow('why', `${job.id}-0`)).toContain('not-prepared');
  expect(await mxflow('why', job.id)).toContain('active, 1 messages wait');
  const [site] = await saveDomains(database, [
    { domain: 'big.example', siteKey: 'mx:0 mx.big.example', resolution: 'hosts', validSeconds: 600 },
  ]);
  const siteId = site?.siteId ?? 0;
  await blockSite(database, { siteId, hours: 3, because: 'nearly all failed' });
  expect(await mxflow('why', 'big.example')).toContain(`site ${siteId} (mx:0 mx.big.example), rule any`);
  expect(await mxflow('sites', 'blocked')).toMatch(/block .*big\.example +nearly all failed/);
  expect(JSON.parse(await mxflow('sites', 'unblock', String(siteId)))).toEqual({ lifted: 1 });
  const rule = {
    id: 'slow',
    mask: '*',
    pattern: 'slow',
    thresholdPerHour: 1,
    stepSeconds: 60,
    matches: [],
    passes: [],
  };
  await seedFeedbackRules(database, [{ ...rule, action: { kind: 'rate', cap: 60, seconds: 600 } }]);
  const hit = { groupKey: `site:${siteId}`, publicId: 7, feedbackRuleId: 'slow', reply: '421 slow down' };
  await noteFeedback(database, [hit]);
  expect(await mxflow('holds', 'list')).toMatch(new RegExp(`site:${siteId} +7 .* 60 .*slow +421 slow down`));
  expect(JSON.parse(await mxflow('holds', 'lift', `site:${siteId}`, '--source', '7'))).toEqual({ lifted: 1 });
  await expect(mxflow('holds', 'lift', `site:${siteId}`)).rejects.toMatchObject({
    stderr: expect.stringContaining('404'),
  });
});
