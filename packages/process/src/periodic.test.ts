import { setImmediate as turn } from 'node:timers/promises';

import { createLogger, type PeriodicMetrics } from '@mxflow/telemetry';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { every, type PeriodicOptions } from './periodic.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

function diary(): PeriodicOptions & { readonly lines: string[]; readonly failures: string[] } {
  const lines: string[] = [];
  const failures: string[] = [];
  const destination = { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) };
  const metrics: PeriodicMetrics = { failures: { add: (_count, { loop }) => void failures.push(loop) } };
  return {
    name: 'sweep',
    logger: createLogger({ service: 's', level: 'info', destination }),
    metrics,
    jitter: 0,
    lines,
    failures,
  };
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await turn();
}

test('runs at once, then an interval after the end of each run', async () => {
  let runs = 0;
  await using _loop = every(1_000, async () => void (runs += 1), diary());
  await pass(0);
  expect(runs).toBe(1);
  await pass(999);
  expect(runs).toBe(1);
  await pass(1);
  expect(runs).toBe(2);
});

test('runs never overlap, and a wake during one starts exactly one more', async () => {
  const gates: (() => void)[] = [];
  const loop = every(1_000, () => new Promise<void>((resolve) => void gates.push(resolve)), diary());
  await pass(5_000);
  loop.wake();
  loop.wake();
  expect(gates).toHaveLength(1);
  gates[0]?.();
  await pass(0);
  expect(gates).toHaveLength(2);
  gates[1]?.();
  await pass(999);
  expect(gates).toHaveLength(2);
  await loop[Symbol.asyncDispose]();
});

test('a wake ends the wait', async () => {
  let runs = 0;
  await using loop = every(60_000, async () => void (runs += 1), diary());
  await pass(10);
  loop.wake();
  await pass(0);
  expect(runs).toBe(2);
});

test('a run that throws is logged and counted, and the next comes as usual', async () => {
  const notes = diary();
  let runs = 0;
  const run = async () => {
    runs += 1;
    throw new Error('database away');
  };
  await using _loop = every(1_000, run, notes);
  await pass(1_000);
  expect(runs).toBe(2);
  expect(notes.failures).toEqual(['sweep', 'sweep']);
  expect(notes.lines).toEqual(['periodic run failed', 'periodic run failed']);
});

test('a run may ask for the next at once', async () => {
  const plan = [0, 0, 1_000];
  let runs = 0;
  await using _loop = every(60_000, async () => ({ nextInMs: plan[runs++] ?? 60_000 }), diary());
  for (let round = 0; round < 5; round += 1) await pass(1);
  expect(runs).toBe(3);
});

test('jitter spreads the waits around the interval', async () => {
  const dice = [0, 0.999];
  let runs = 0;
  const options = { ...diary(), jitter: 0.1, random: () => dice.shift() ?? 0.5 };
  await using _loop = every(1_000, async () => void (runs += 1), options);
  await pass(900);
  expect(runs).toBe(2);
  await pass(1_098);
  expect(runs).toBe(2);
  await pass(2);
  expect(runs).toBe(3);
});

test('disposing tells the run in hand, waits for it, and a throw because of it is no failure', async () => {
  const notes = diary();
  let ended = false;
  const run = (signal: AbortSignal) =>
    new Promise<void>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        ended = true;
        reject(new Error('aborted'));
      });
    });
  const loop = every(1_000, run, notes);
  await pass(0);
  await loop[Symbol.asyncDispose]();
  expect(ended).toBe(true);
  expect(notes.failures).toEqual([]);
});

test('an aborted signal ends a wait and starts nothing more', async () => {
  const stop = new AbortController();
  let runs = 0;
  const loop = every(1_000, async () => void (runs += 1), { ...diary(), signal: stop.signal });
  await pass(0);
  stop.abort();
  await loop[Symbol.asyncDispose]();
  await pass(5_000);
  expect(runs).toBe(1);
});
