import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { expect, test } from 'vitest';

import type { Analysis } from '../src/analyse.ts';
import { connectRaw, content } from './raw-client.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;
const SCENARIO = new URL('../scenarios/three-providers.json', import.meta.url).pathname;

test('the command runs a scenario from a file, is steered over HTTP, and stops when told to', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'provider-sim-'));
  const refereeFile = path.join(folder, 'referee.ndjson');
  const child = spawn(
    process.execPath,
    [MAIN, '--scenario', SCENARIO, '--referee', refereeFile, '--control-port', '0'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const ready = JSON.parse(line) as { dns: string; smtpPort: number; control: string; providers: string[] };
    expect(ready.providers).toEqual(['acme-mail', 'grey-mail', 'broken-mail']);

    const post = (to: string, body: unknown): Promise<Response> =>
      fetch(`${ready.control}${to}`, { method: 'POST', body: JSON.stringify(body) });
    const behaviour = { recipients: [{ who: 'everyone', does: { kind: 'refuse', reply: 'mailbox-full' } }] };
    expect((await post('/providers/acme-mail/behaviour', behaviour)).status).toBe(200);
    const wrong = await post('/providers/acme-mail/behaviour', { greylistMs: 'soon' });
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).toContain('/greylistMs');
    expect((await post('/providers/nobody/behaviour', {})).status).toBe(422);
    expect((await post('/dns', { 'new.test': { a: ['127.0.0.1'] }, 'acme.test': null })).status).toBe(200);
    expect((await fetch(`${ready.control}/nothing`)).status).toBe(404);

    using client = await connectRaw({ port: ready.smtpPort, host: '127.30.1.1' });
    await client.reply();
    await client.ask('EHLO x');
    await client.ask('MAIL FROM:<a@x>');
    expect(await client.ask('RCPT TO:<r@acme.test>')).toMatch(/^552/);
    await post('/providers/acme-mail/behaviour', {});
    await client.ask('RCPT TO:<r@acme.test>');
    await client.ask('DATA');
    client.write(`${content('m1')}.\r\n`);
    await client.reply();

    const analysis = (await (await fetch(`${ready.control}/analysis?windowMs=1000`)).json()) as Analysis;
    expect(analysis.scopes['server']?.['acme-mail']).toMatchObject({ accepted: 1, peakMessages: { 1000: 1 } });
  } finally {
    child.kill('SIGTERM');
    // One that does not stop fails the test, and must not outlive it.
    const overdue = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const [code] = (await once(child, 'exit')) as [number | null];
    clearTimeout(overdue);
    expect(code).toBe(0);
  }
  const lines = (await readFile(refereeFile, 'utf8')).trimEnd().split('\n');
  expect(lines.map((one) => (JSON.parse(one) as { e: string }).e)).toEqual([
    'open',
    'mail',
    'refused',
    'accepted',
    'close',
  ]);
  await rm(folder, { recursive: true });
});
