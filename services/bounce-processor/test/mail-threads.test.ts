import { expect, test } from 'vitest';

import { DEFAULT_RULES } from '@mxflow/bounce';

import { startMailThreads } from '../src/inbound/mail-threads.ts';
import { HOSTILE_MAILS } from './hostile-mails.ts';
import { dsn, lines } from './reports.ts';

const ALWAYS = new AbortController().signal;

function startThreads(options: { readonly limitMs?: number; readonly threads?: number } = {}) {
  const ended: string[] = [];
  const threads = startMailThreads({
    threads: 2,
    limitMs: 1000,
    rules: () => DEFAULT_RULES,
    events: { read: () => {}, threadEnded: (because) => void ended.push(because) },
    ...options,
  });
  return { ended, threads, [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose]() };
}

test('mails are read by the rules in force, and the rules may change between two mails', async () => {
  let rules = DEFAULT_RULES;
  await using threads = startMailThreads({
    threads: 1,
    limitMs: 1000,
    rules: () => rules,
    events: { read: () => {}, threadEnded: () => {} },
  });
  const mail = Buffer.from(dsn({ recipient: 'a@example.net', diagnostic: '550 5.7.1 our very own words' }));
  const reasonOf = async () => {
    const reading = await threads.read(mail, ALWAYS);
    return reading.kind === 'read' ? reading.mail.reports[0]?.because : reading;
  };
  expect(await reasonOf()).not.toMatchObject({ kind: 'rule' });
  const [example] = DEFAULT_RULES;
  if (example === undefined) throw new Error('expected rules');
  rules = [{ ...example, id: 'ours', pattern: 'our very own words', where: ['diagnostic'] }, ...DEFAULT_RULES];
  expect(await reasonOf()).toMatchObject({ kind: 'rule', rule: 'ours' });
});

test('a mail that takes too long ends its thread, and no other', async () => {
  await using world = startThreads({ limitMs: 1, threads: 1 });
  const many = Array.from(
    { length: 20_000 },
    (_, n) => `Final-Recipient: rfc822; r${n}@x.example\r\nAction: failed\r\n`,
  );
  const large = lines('Content-Type: message/delivery-status', '', ...many);
  expect(await world.threads.read(Buffer.from(large), ALWAYS)).toMatchObject({ kind: 'unreadable' });
  expect(world.ended).toEqual(['too_long', 'too_long']);
});

test('whoever stops does not wait for what is still in line', async () => {
  await using world = startThreads({ threads: 1 });
  const stop = new AbortController();
  const mail = Buffer.from(dsn({ recipient: 'a@example.net' }));
  const readings = [1, 2, 3].map(() => world.threads.read(mail, stop.signal));
  stop.abort(new Error('stopped'));
  const settled = await Promise.allSettled(readings);
  expect(settled.slice(1).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('hostile mails are read or given up, while the event loop goes on', async () => {
  await using world = startThreads({ threads: 1 });
  // The thread starts and its rules are compiled before the clock runs.
  await world.threads.read(Buffer.from(dsn({ recipient: 'a@example.net' })), ALWAYS);
  const mails = HOSTILE_MAILS.map(([, mail]) => mail());
  const turns = watchTurns();
  const found: string[] = [];
  for (const mail of mails) found.push((await world.threads.read(mail, ALWAYS)).kind);
  const worstMs = turns.end();
  expect(found.filter((kind) => kind !== 'read' && kind !== 'unreadable')).toEqual([]);
  expect(worstMs).toBeLessThan(100);
  const told = HOSTILE_MAILS.map(([name], at) => `${name}: ${found[at]}`).join('; ');
  process.stdout.write(`  ${told}; ${worstMs.toFixed(0)} ms of CPU in the worst turn of the event loop\n`);
});

/** The most CPU time that this thread spends between two turns of a timer: what holds the loop up, however busy the machine. */
function watchTurns(): { readonly end: () => number } {
  const used = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let [last, worst] = [used(), 0];
  const look = (): void => {
    const now = used();
    worst = Math.max(worst, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  return {
    end: () => {
      look();
      clearInterval(timer);
      return worst;
    },
  };
}
