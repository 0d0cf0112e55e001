import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import type { GuardianOrder } from './guardian.ts';
import { isRunning, signalProcess, type ProcessIdentity } from './process-identity.ts';

/** How long a process may take to end by itself before it is killed. */
const graceMs = 10_000;
const pollMs = 50;

type Guarded = { readonly process: ProcessIdentity; readonly signal: NodeJS.Signals };

const guarded = new Map<number, Guarded>();
const folders = new Set<string>();

// The launcher decides when this process ends, nobody else.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) obey(JSON.parse(line) as GuardianOrder);
for (const one of [...guarded.values()].toReversed()) await end(one);
for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 10 });

function obey(order: GuardianOrder): void {
  switch (order.kind) {
    case 'guard':
      guarded.set(order.process.pid, order);
      return;
    case 'release':
      guarded.delete(order.process.pid);
      return;
    case 'guard-folder':
      folders.add(order.folder);
      return;
    case 'release-folder':
      folders.delete(order.folder);
      return;
  }
}

async function end({ process: identity, signal }: Guarded): Promise<void> {
  const deadline = Date.now() + graceMs;
  if (!signalProcess(identity, signal)) return;
  while (isRunning(identity)) {
    await pause(pollMs);
    if (Date.now() > deadline) signalProcess(identity, 'SIGKILL');
  }
}
