import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ImportReport } from '@mxflow/contracts';

import { call } from './api.ts';
import { openStage, startProcess, type Stage } from './process.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const ROWS = 100_000;
/** Megabytes that a process takes which imports and exports a file of this size; it takes most of them for a small one. */
const ENOUGH = 300;
const AT_ONCE = 500;

/** A file of so many addresses, made as it is read. */
function csvOf(rows: number): ReadableStream {
  let sent = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (sent === 0) controller.enqueue(Buffer.from('address,text\n'));
      const text = `550 5.1.1 ${'unknown '.repeat(20)}`;
      const lines = Array.from({ length: AT_ONCE }, (_, n) => `user${sent + n}@example.com,${text}\n`);
      controller.enqueue(Buffer.from(lines.join('')));
      sent += AT_ONCE;
      if (sent >= rows) controller.close();
    },
  });
}

test(
  'memory grows neither with the file that comes in nor with the one that goes out',
  { timeout: 240_000 },
  async () => {
    await using api = await startProcess(stage);
    const imported = await call(api.url, 'POST', '/v1/quarantine/import', {
      key: stage.key,
      body: csvOf(ROWS),
      headers: { 'content-type': 'text/csv' },
    });
    expect(imported.body as unknown as ImportReport).toMatchObject({ rows: ROWS, added: ROWS, faults: { count: 0 } });
    const response = await fetch(`${api.url}/v1/quarantine/export`, {
      headers: { authorization: `Bearer ${stage.key}` },
    });
    let lines = 0;
    for await (const part of response.body ?? expect.fail('no body'))
      lines += Buffer.from(part).toString('latin1').split('\n').length - 1;
    expect(lines).toBe(ROWS + 1);
    const peak = await api.peakMegabytes();
    process.stdout.write(`${ROWS} rows in and out, peak ${peak.toFixed(0)} MB\n`);
    expect(peak).toBeLessThan(ENOUGH);
  },
);
