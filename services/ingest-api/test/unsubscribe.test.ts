import { afterAll, beforeAll, expect, test } from 'vitest';

import { encodeUnsubscribeToken, messageIdOf, type MessageId } from '@mxflow/domain';
import { messageMac } from '@mxflow/process';

import { DEFINITION, recipientsUpTo, SECRET, startApi, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const tokenOf = (messageId: MessageId, secret = SECRET): string => {
  const { keyId, mac } = messageMac(secret);
  return encodeUnsubscribeToken(messageId, keyId, mac);
};

/** A message that was sent. */
async function sendMessage(): Promise<MessageId> {
  const { body } = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(1) } });
  const { id } = await api.database.client.job.findUniqueOrThrow({ where: { publicId: body.id } });
  const messageId = messageIdOf(id.toString(), 0);
  await api.database.client.deliveryLog.create({
    data: { messageId: BigInt(messageId), jobId: id, attempt: 1, status: 'sent', address: 'user0@example.com' },
  });
  return messageId;
}

const listOf = (): Promise<readonly object[]> =>
  api.database.client.$queryRawUnsafe('SELECT address FROM unsubscribes');
const click = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${api.url}${path}`, { method: 'POST', body: new URLSearchParams('List-Unsubscribe=One-Click'), ...init });

test('a POST to the link unsubscribes, once; upstream is told', async () => {
  const messageId = await sendMessage();
  const hook = { url: 'http://127.0.0.1:9/', events: ['message.unsubscribed'] };
  expect((await api.call('POST', '/v1/webhooks', { body: hook })).status).toBe(201);
  const path = `/u/${tokenOf(messageId)}`;
  const form = new FormData();
  form.set('List-Unsubscribe', 'One-Click');
  for (const init of [
    {},
    { body: form },
    { body: null },
    { body: '{}', headers: { 'content-type': 'application/json' } },
  ]) {
    const answer = await click(path, init);
    expect([answer.status, await answer.text()]).toEqual([200, 'You will get no more mail from this list.\n']);
  }
  // Some mailers change the case of what they take for a word.
  expect((await click(path.toUpperCase().replace('/U/', '/u/'))).status).toBe(200);
  expect(await listOf()).toEqual([{ address: 'user0@example.com' }]);
  const explained = await api.call('GET', '/v1/quarantine/addresses/user0@example.com');
  expect(explained.body).toMatchObject({ barred: false, leftLists: [{ list: DEFINITION.from.address }] });
  const told = await api.database.client.webhookOutbox.findMany();
  expect(told.map(({ body }) => (body as { event: string; address: string }).event)).toEqual(['message.unsubscribed']);
});

test('a GET shows nothing and does nothing, nor does a token that is not ours', async () => {
  const before = await listOf();
  const messageId = await sendMessage();
  const token = tokenOf(messageId);
  const looked = await fetch(`${api.url}/u/${token}`);
  expect([looked.status, looked.headers.get('allow')]).toEqual([405, 'POST']);
  expect(await looked.text()).not.toContain('user0');
  const last = token.endsWith('a') ? 'b' : 'a';
  for (const other of [
    tokenOf(messageId, 'the secret of an instance elsewhere'),
    `${token.slice(0, -1)}${last}`,
    token.slice(0, -1),
    tokenOf(messageIdOf('987654321', 0)),
    'x',
    '%00',
    '../v1/jobs',
  ]) {
    expect((await click(`/u/${other}`)).status).toBeGreaterThanOrEqual(400);
  }
  const large = await click(`/u/${token}`, { body: new Blob(['x'.repeat(100_000)]) });
  expect(large.status).toBe(413);
  expect(await listOf()).toEqual(before);
});
