import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mxflow-classify-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const BOUNCE = [
  'From: MAILER-DAEMON@far.example',
  'Subject: Undelivered Mail Returned to Sender',
  '',
  '<reader@far.example>: host in.far.example said: 550 5.1.1 User unknown',
].join('\r\n');

/** Runs the command as a person does. */
async function run(argv: readonly string[], input = '') {
  const child = spawn(process.execPath, [MAIN, 'classify', ...argv], { env: { ...process.env, INIT_CWD: folder } });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { lines: lines.map((line): unknown => JSON.parse(line)), stderr, exitCode: child.exitCode };
}

test('a mail is read: a line per recipient, with what decided', async () => {
  await writeFile(join(folder, 'bounce.eml'), BOUNCE);
  const { lines, exitCode } = await run(['bounce.eml']);
  expect(lines).toEqual([
    {
      file: 'bounce.eml',
      recipient: 'reader@far.example',
      kind: 'failed',
      type: 'hard',
      reason: 'user-unknown',
      detail: 'user-unknown',
      enhancedStatus: '5.1.1',
      replyCode: 550,
      rule: expect.any(String),
      because: expect.stringContaining('User unknown'),
    },
  ]);
  expect(exitCode).toBe(0);
});

test('a file that is not there is named, and the others are read all the same', async () => {
  await writeFile(join(folder, 'ordinary.eml'), 'From: reader@far.example\r\nSubject: Hello\r\n\r\nHow are you?\r\n');
  const { lines, stderr, exitCode } = await run(['missing.eml', 'ordinary.eml']);
  expect(lines).toMatchObject([{ file: 'ordinary.eml', recipient: null, kind: 'ordinary', type: 'ignored' }]);
  expect(stderr).toContain('cannot read missing.eml');
  expect(exitCode).toBe(2);
});

test('lines of replies are read from a file or from standard input', async () => {
  const { lines } = await run(['--reply'], '550 5.2.2 User quota exceeded\n\n550 zzz\n');
  expect(lines).toMatchObject([
    { recipient: null, kind: 'reply', reason: 'mailbox-full', type: 'soft', enhancedStatus: '5.2.2', replyCode: 550 },
    { reason: 'not-defined', rule: null },
  ]);
});
