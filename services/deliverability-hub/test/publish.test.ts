import { bundledRuleSet, openRuleSet } from '@mxflow/rule-set';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { firstOf, startTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub[Symbol.asyncDispose]());

const put = async (path: string, body: unknown) => await hub.call('PUT', `/v1/draft/${path}`, { body });
const publish = async (body: unknown, headers = {}) => await hub.call('POST', '/v1/draft/publish', { body, headers });
const statusesOf = (answers: readonly { readonly status: number }[]): readonly number[] =>
  answers.map(({ status }) => status).toSorted((one, other) => one - other);

test('a draft becomes a version: compared, tried first, published with its note, served to clients', async () => {
  expect(await publish({ note: 'nothing new' })).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('the draft is version 1') },
  });
  const before = await hub.call('GET', '/v1/rule-set', { key: hub.keys.client });
  const rule = firstOf((await hub.draft()).mxRules);
  const lowered = { ...rule, limits: { ...rule.limits, slow: { ...rule.limits.slow, messagesPerHour: 1 } } };
  expect((await put(`mx-rules/${rule.id}`, lowered)).status).toBe(200);

  const pointer = '/limits/slow/messagesPerHour';
  const change = { id: rule.id, fields: [{ pointer, before: rule.limits.slow.messagesPerHour, after: 1 }] };
  const diff = { mxRules: { added: [], removed: [], reordered: false, changed: [change] } };
  expect((await hub.call('GET', '/v1/draft/diff')).body).toMatchObject({ from: 1, diff });
  expect((await hub.call('POST', '/v1/draft/validate')).body.faults).toEqual([]);
  expect(await publish({ note: 'slower', dryRun: true })).toMatchObject({ status: 200, body: { version: 2, diff } });
  expect((await hub.call('GET', '/v1/versions')).body.versions).toHaveLength(1);

  expect(await publish({ note: 'slower' })).toMatchObject({ status: 201, body: { version: 2, diff, dryRun: false } });
  const etag = String(before.headers.get('etag'));
  const after = await hub.call('GET', '/v1/rule-set', { key: hub.keys.client, headers: { 'if-none-match': etag } });
  expect(after.status).toBe(200);
  expect(await openRuleSet(Buffer.from(after.text), [hub.trusted])).toMatchObject({
    kind: 'opened',
    document: { version: 2, note: 'slower', mxRules: expect.arrayContaining([lowered]) },
  });
  expect((await hub.call('GET', '/v1/versions?limit=1')).body).toMatchObject({
    versions: [{ version: 2, publishedBy: 'test editor', note: 'slower' }],
    next: expect.any(String),
  });
  expect((await hub.call('GET', '/v1/versions/2/diff')).body).toMatchObject({ from: 1, to: 2, diff });
  expect((await hub.call('GET', '/v1/versions/2/diff?from=2')).body.diff.mxRules.changed).toEqual([]);
  expect((await hub.call('GET', '/v1/versions/1')).text).toContain('"version":1');
  expect((await hub.call('GET', '/v1/versions/9/diff')).status).toBe(404);
});

test('what does not hold is refused with the rule and the field, and nothing is published', async () => {
  const { version } = firstOf((await hub.call('GET', '/v1/versions')).body.versions);
  const draft = await hub.draft();
  const bounceRule = firstOf(draft.bounceRules);
  await put(`bounce-rules/${bounceRule.id}`, { ...bounceRule, matches: ['250 fine'] });
  await put('bounce-rules/broken', { ...bounceRule, id: 'broken', pattern: '(no end' });
  const order = draft.mxRules.map(({ id }) => id).toReversed();
  await hub.call('PUT', '/v1/draft/mx-rules/order', { body: { ids: order } });

  const refused = await publish({ note: 'wrong' });
  expect(refused).toMatchObject({ status: 422, body: { type: 'urn:mxflow:problem:invalid' } });
  const of = (id: string, pointer: string) => expect.objectContaining({ id, pointer });
  expect(refused.body.errors).toContainEqual(of(bounceRule.id, '/bounceRules/1/matches/0'));
  expect(refused.body.errors).toContainEqual(of('broken', '/bounceRules/0/pattern'));
  expect(refused.body.errors).toContainEqual(
    expect.objectContaining({ found: expect.stringContaining('last'), pointer: expect.stringContaining('/mxRules') }),
  );
  expect((await hub.call('POST', '/v1/draft/validate')).body.faults).toEqual(refused.body.errors);
  expect(firstOf((await hub.call('GET', '/v1/versions')).body.versions).version).toBe(version);

  // A field that is missing does not even come into the draft.
  const { messagesPerHour: _left, ...boost } = firstOf(draft.mxRules).limits.boost;
  const mxRule = { ...firstOf(draft.mxRules), limits: { ...firstOf(draft.mxRules).limits, boost } };
  expect(await put(`mx-rules/${mxRule.id}`, mxRule)).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/limits/boost/messagesPerHour', expected: 'a value', found: 'nothing' }] },
  });
  const whole = { ...draft, mxRules: [mxRule, ...draft.mxRules.slice(1)] };
  expect(await hub.call('PUT', '/v1/draft', { body: whole, headers: { 'if-match': '*' } })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/mxRules/0/limits/boost/messagesPerHour' }] },
  });
  expect(await put('mx-rules/another', firstOf(draft.mxRules))).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/id' }] },
  });
  await hub.call('DELETE', '/v1/draft');
  expect(await publish({ note: 'all dropped' })).toMatchObject({ status: 409 });
});

test('of two editors the later one is told that the draft has changed', async () => {
  const { status, headers, body } = await hub.call('GET', '/v1/draft');
  const etag = String(headers.get('etag'));
  expect([status, etag]).toEqual([200, `"${body.revision}"`]);
  expect((await hub.call('PUT', '/v1/draft', { body: body.content })).status).toBe(428);
  const policies = body.content.policies.map((policy) => ({ ...policy, releaseDays: 3 }));
  const both = await Promise.all(
    [1, 2].map((days) =>
      hub.call('PUT', '/v1/draft', {
        body: { ...body.content, policies: policies.map((policy) => ({ ...policy, releaseDays: days })) },
        headers: { 'if-match': etag },
      }),
    ),
  );
  expect(statusesOf(both)).toEqual([200, 412]);
  // Rule by rule both come in, in whatever order, unless they say what they have seen.
  const rules = body.content.feedbackRules;
  const edits = await Promise.all(
    rules.map((rule) => put(`feedback-rules/${rule.id}`, { ...rule, thresholdPerHour: 77 })),
  );
  expect(edits.map((each) => each.status)).toEqual(edits.map(() => 200));
  const edited = (await hub.draft()).feedbackRules.filter(({ thresholdPerHour }) => thresholdPerHour === 77);
  expect(edited).toHaveLength(rules.length);
  expect((await publish({ note: 'as I saw it' }, { 'if-match': etag })).status).toBe(412);
  expect((await publish({ note: 'as I saw it' }, { 'if-match': '"nonsense' })).status).toBe(412);
  await hub.call('DELETE', '/v1/draft');
});

test('who publishes while another edits or publishes, publishes what was checked or nothing', async () => {
  const [one, two] = (await hub.draft()).feedbackRules;
  if (one === undefined || two === undefined) throw new Error('expected two rules');
  await put(`feedback-rules/${one.id}`, { ...one, thresholdPerHour: 5 });
  const [published, edit] = await Promise.all([
    publish({ note: 'racing' }),
    put(`feedback-rules/${two.id}`, { ...two, thresholdPerHour: 6 }),
  ]);
  expect(edit.status).toBe(200);
  // Mostly the edit lands while the check runs. Where it comes late, what was checked is published without it.
  expect([201, 412]).toContain(published.status);
  const newest = async () => firstOf((await hub.call('GET', '/v1/versions')).body.versions);
  const document = async () => (await hub.call('GET', `/v1/versions/${(await newest()).version}`)).text;
  expect((await newest()).note === 'racing').toBe(published.status === 201);
  expect(await document()).not.toContain('"thresholdPerHour":6,');
  const both = await Promise.all([publish({ note: 'first' }), publish({ note: 'second' })]);
  // The later one finds the draft changed, or, where it came late, nothing to publish.
  expect([
    [201, 409],
    [201, 412],
  ]).toContainEqual(statusesOf(both));
  expect(await document()).toContain('"thresholdPerHour":6,');
  expect((await hub.draft()).feedbackRules.find(({ id }) => id === two.id)?.thresholdPerHour).toBe(6);
  expect((await publish({ note: 'again' })).status).toBe(409);
});

test('an earlier version can be drafted and published again, under a new number', async () => {
  const { body } = await hub.call('GET', '/v1/versions');
  const newest = firstOf(body.versions).version;
  expect((await hub.call('DELETE', '/v1/draft?version=1')).status).toBe(200);
  expect((await hub.call('DELETE', '/v1/draft?version=99')).status).toBe(404);
  expect(await publish({ note: 'back to the first' })).toMatchObject({ status: 201, body: { version: newest + 1 } });
  expect((await hub.call('GET', `/v1/versions/${newest + 1}/diff?from=1`)).body.diff.mxRules.changed).toEqual([]);
  await hub.call('DELETE', `/v1/draft?version=${newest}`);
  expect((await hub.call('DELETE', '/v1/draft?version=0')).status).toBe(200);
  expect(await hub.draft()).toEqual(bundledRuleSet());
});

test('a published version cannot be changed, not even by hand', async () => {
  const { client } = hub.database;
  const stands = 'a published rule set is never changed';
  for (const statement of [
    `UPDATE hub_versions SET note = 'other' WHERE version = 1`,
    `DELETE FROM hub_versions WHERE version = 1`,
    `TRUNCATE hub_versions CASCADE`,
  ]) {
    await expect(client.$executeRawUnsafe(statement)).rejects.toThrow(stands);
  }
  const first = firstOf((await hub.call('GET', '/v1/versions')).body.versions.slice(-1));
  expect(first).toMatchObject({ version: 1, note: 'The rules that come with mxflow' });
});

test('a hub whose database was set back serves what that holds', async () => {
  const served = async () => (await hub.call('GET', '/v1/rule-set', { key: hub.keys.client })).headers.get('etag');
  const before = await served();
  const [newest = expect.fail('no version')] = (await hub.call('GET', '/v1/versions')).body.versions;
  // One that somebody has asked for is kept in memory, too.
  await hub.call('GET', `/v1/rule-sets/${newest.version - 1}`, { key: hub.keys.client });
  await hub.database.client.$transaction(async (tx) => {
    // As a backup is loaded: no trigger asks.
    await tx.$executeRawUnsafe(`SET LOCAL session_replication_role = replica`);
    await tx.$executeRawUnsafe(`DELETE FROM hub_versions WHERE version > 1`);
  });
  await hub.shelf.refresh();
  expect(before).toContain(`"${newest.version}-`);
  expect(await served()).toContain('"1-');
  const gone = await hub.call('GET', `/v1/rule-sets/${newest.version - 1}`, { key: hub.keys.client });
  expect(gone.status).toBe(404);
});
