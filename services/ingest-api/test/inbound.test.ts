import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { finishInboundMails, leaseInboundMails, storeInboundMail } from '@mxflow/db';
import { messageIdOf } from '@mxflow/domain';

import { DEFINITION, recipientsUpTo, startApi } from './api.ts';

const run = promisify(execFile);
const MAIN = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;
const PROCESSOR = '6f1c1c52-4d6f-4c36-9a0c-0d4e5d0f7a11';

test('inbound mail is listed by outcome, shown with its octets, and processed once more', async () => {
  await using api = await startApi();
  const { database } = api;
  const raw = Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0d, 0x0a]);
  for (const to of ['a', 'b', 'c']) {
    await storeInboundMail(database, {
      cameBy: 'smtp',
      peer: '192.0.2.1',
      mailFrom: '',
      rcptTo: [`${to}@bounce.example.com`, 'x@bounce.example.com'],
      raw,
      octets: raw.length,
    });
  }
  const [first, second] = await leaseInboundMails(database, {
    processor: PROCESSOR,
    leaseSeconds: 60,
    limit: 2,
    octets: 1_000_000,
  });
  if (first === undefined || second === undefined) throw new Error('expected two mails');
  await finishInboundMails(database.client, PROCESSOR, [
    { id: first.id, outcome: 'unparsed', because: 'reading it broke off', messageId: undefined },
    { id: second.id, outcome: 'forged', because: 'a return-path with a wrong MAC', messageId: undefined },
  ]);
  const mxflow = async (...words: readonly string[]) =>
    (
      await run(process.execPath, [MAIN, '--api', api.url, '--key', api.key, 'inbound', ...words], {
        encoding: 'buffer',
      })
    ).stdout;
  const page = await api.call('GET', '/v1/inbound?limit=2');
  expect(page.body).toMatchObject({ mails: [{ outcome: 'waiting' }, { id: second.id, outcome: 'forged' }] });
  const next = await api.call('GET', `/v1/inbound?limit=2&cursor=${page.body.next}`);
  expect(next.body).toEqual({
    mails: [
      {
        id: first.id,
        at: expect.any(String) as string,
        cameBy: 'smtp',
        peer: '192.0.2.1',
        mailFrom: '',
        rcptTo: ['a@bounce.example.com', 'x@bounce.example.com'],
        octets: 6,
        processedAt: expect.any(String) as string,
        outcome: 'unparsed',
        because: 'reading it broke off',
      },
    ],
  });
  expect((await mxflow('list', '--outcome', 'forged')).toString()).toMatch(/smtp +6 +forged +- +a return-path with/);
  expect(await mxflow('show', first.id, '--raw')).toEqual(raw);
  expect((await mxflow('rerun', '--outcome', 'unparsed')).toString()).toBe('1 to be processed once more\n');
  expect((await mxflow('rerun', second.id)).toString()).toBe('1 to be processed once more\n');
  const waiting = await api.call('GET', '/v1/inbound?outcome=waiting');
  expect(waiting.body).toMatchObject({ mails: [{}, {}, {}] });
  expect((await api.call('POST', '/v1/inbound/987/rerun')).status).toBe(404);
  expect((await api.call('GET', '/v1/inbound/987/raw')).status).toBe(404);
  // A mail about a message is its tenant's alone.
  const { body: job } = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(1) } });
  const { id: jobId } = await database.client.job.findUniqueOrThrow({ where: { publicId: job.id } });
  const data = { messageId: BigInt(messageIdOf(jobId.toString(), 0)), processedAt: new Date(), outcome: 'bounce' };
  await database.client.inboundMail.update({ where: { id: BigInt(first.id) }, data });
  expect((await api.call('GET', `/v1/inbound/${first.id}`)).body).toMatchObject({ message: `${job.id}-0` });
  const other = await api.issueKey('other');
  for (const path of ['', '/raw']) {
    expect((await api.call('GET', `/v1/inbound/${first.id}${path}`, { key: other })).status).toBe(404);
  }
  expect((await api.call('POST', `/v1/inbound/${first.id}/rerun`, { key: other })).status).toBe(404);
  expect((await api.call('GET', '/v1/inbound?outcome=bounce', { key: other })).body).toEqual({ mails: [] });
  const key = await api.issueKey('t', ['jobs:read']);
  expect((await api.call('GET', '/v1/inbound', { key })).status).toBe(403);
});
