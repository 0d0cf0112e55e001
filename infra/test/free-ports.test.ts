import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { expect, test } from 'vitest';

import { freePorts } from '../servers/free-ports.ts';

const MANY = 500;

/** Takes that many ports, tells them in a line, and lives until its input ends. */
const TAKER = `
  import { freePorts } from ${JSON.stringify(new URL('../servers/free-ports.ts', import.meta.url).href)};
  console.log(JSON.stringify(await freePorts(${MANY})));
  process.stdin.resume();
`;

test('no port is given twice, by this process or another, though nobody listens on it yet', async () => {
  const other = spawn(process.execPath, ['--input-type=module', '--eval', TAKER], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const line = once(createInterface({ input: other.stdout }), 'line') as Promise<[string]>;
    const ours = [...(await freePorts(MANY)), ...(await freePorts(MANY))];
    const theirs = JSON.parse((await line)[0]) as readonly number[];
    // By chance alone some thirty would be the same.
    expect(new Set([...ours, ...theirs])).toHaveProperty('size', 3 * MANY);
  } finally {
    other.stdin.end();
    await once(other, 'exit');
  }
});
