import { issueHubKey } from '@mxflow/db';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { firstOf, startTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let other = '';
beforeAll(async () => {
  hub = await startTestHub();
  other = (await issueHubKey(hub.database, { name: 'other', role: 'client', replace: false }))?.key ?? '';
});
afterAll(() => hub[Symbol.asyncDispose]());

const CAGE = '550 the parrot of ADDRESS has left its cage N';
const report = async (key: string, texts: readonly object[]) =>
  await hub.call('POST', '/v1/unmatched', { key, body: { texts } });
const text = (words: string, hits: number) => ({ text: words, looksAt: 'reply', replyCode: 550, hits });
const listed = async (query = '') => (await hub.call('GET', `/v1/unmatched${query}`)).body.texts;

test('reports of several clients are one figure; one that comes twice, late or at once counts once', async () => {
  const { client } = hub.keys;
  const first = [text(CAGE, 10), text('550 something else about quux', 3)];
  expect((await report(client, first)).body).toEqual({ taken: 2, refused: 0 });
  await Promise.all([report(client, first), report(other, [text(CAGE, 7)]), report(client, first.toReversed())]);
  expect(await listed()).toMatchObject([
    { text: CAGE, hits: 17, clients: 2 },
    { hits: 3, clients: 1 },
  ]);
  await report(client, [text(CAGE, 30), text(CAGE, 25)]);
  await report(client, [text(CAGE, 10)]);
  expect(firstOf(await listed())).toMatchObject({ text: CAGE, hits: 37, clients: 2, status: 'to-qualify' });
});

test('no address comes in, whatever a client leaves in its texts', async () => {
  const answer = await report(other, [text('550 no such user anna@shop.example here', 1), text('550 @', 1)]);
  expect(answer.body).toEqual({ taken: 1, refused: 1 });
  const all = JSON.stringify(await listed());
  expect(all).not.toContain('anna');
  expect(all).not.toContain('@');
  expect((await report(other, [{ ...text('550 x', 1), example: 'anna@shop.example' }])).status).toBe(422);
  expect((await report(other, [])).status).toBe(422);
});

test('a text becomes a rule of the draft, and takes its like with it', async () => {
  await report(other, [text('554 sorry: the parrot of ADDRESS has left its cage for good', 2)]);
  const found = (await listed()).find(({ text: words }) => words === CAGE);
  const path = `/v1/unmatched/${found?.id.slice(0, 12)}`;
  const body = { id: 'Parrots', reason: 'inactive-user', type: 'soft', detail: 'suspended' };
  const tried = await hub.call('POST', `${path}/qualify`, { body: { ...body, dryRun: true } });
  expect(tried).toMatchObject({
    status: 200,
    body: { dryRun: true, rule: { pattern: 'has left its cage' } },
  });
  expect((await hub.draft()).bounceRules.map(({ id }) => id)).not.toContain('Parrots');

  const pattern = 'has left its';
  const made = await hub.call('POST', `${path}/qualify`, { body: { ...body, pattern } });
  expect(made.body.texts.map(({ hits }) => hits)).toEqual([37, 2]);
  expect(firstOf((await hub.draft()).bounceRules)).toMatchObject({ id: 'Parrots', pattern, matches: [CAGE] });
  expect((await hub.call('POST', '/v1/draft/validate')).body.faults).toEqual([]);
  expect((await listed('?status=qualified')).map(({ rule }) => rule)).toEqual(['Parrots', 'Parrots']);
  expect((await hub.call('POST', `${path}/qualify`, { body })).status).toBe(409);
  expect((await hub.call('POST', `${path}/qualify`, { body: { ...body, pattern } })).status).toBe(200);
  const broken = { ...body, id: 'Broken', pattern: '(no end' };
  expect(await hub.call('POST', `${path}/qualify`, { body: broken })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/pattern' }] },
  });
});

test('a text is kept, ignored and put back', async () => {
  const { id } = firstOf(await listed());
  expect((await hub.call('POST', `/v1/unmatched/${id}/ignore`)).body).toMatchObject({ id, status: 'ignore' });
  expect((await listed('?status=ignore')).map((each) => each.id)).toEqual([id]);
  expect((await hub.call('POST', `/v1/unmatched/${id}/reopen`)).body).toMatchObject({ status: 'to-qualify' });
});
