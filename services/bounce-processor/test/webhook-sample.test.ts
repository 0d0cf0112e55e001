import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { signatureOf } from '../src/webhook-signature.ts';

type Sample = {
  readonly isGenuine: (body: string, signature: string, secret: string, now?: number) => boolean;
};

test('the sample in docs/webhooks.md takes what we sign, and nothing else', async () => {
  const text = await readFile(new URL('../../../docs/webhooks.md', import.meta.url), 'utf8');
  const source = /```ts\n(.*?)```/s.exec(text)?.[1] ?? '';
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'mxflow-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'sample.ts');
  await writeFile(file, source);
  const { isGenuine } = (await import(file)) as Sample;
  const now = 1_800_000_000_000;
  const signature = signatureOf('{"events":[]}', 'whsec_1', now / 1000);
  expect(isGenuine('{"events":[]}', signature, 'whsec_1', now + 299_000)).toBe(true);
  expect(isGenuine('{"events":[]}', signature, 'whsec_1', now + 301_000)).toBe(false);
  expect(isGenuine('{"events": []}', signature, 'whsec_1', now)).toBe(false);
  expect(isGenuine('{"events":[]}', signature, 'whsec_2', now)).toBe(false);
  expect(isGenuine('{"events":[]}', 't=1800000000,v1=', 'whsec_1', now)).toBe(false);
});
