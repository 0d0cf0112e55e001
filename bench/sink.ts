import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import type { ProviderSpec } from '@mxflow/provider-sim';

/** Simulated providers in a process of their own, so that they do not share an event loop with what is measured. */
export type Sink = AsyncDisposable & {
  /** What services must be told to reach it. */
  readonly settings: Readonly<Record<string, string>>;
  readonly refereeFile: string;
};

export async function startSink(providers: readonly ProviderSpec[]): Promise<Sink> {
  const folder = mkdtempSync(join(tmpdir(), 'mxflow-bench-'));
  const scenario = join(folder, 'scenario.json');
  const refereeFile = join(folder, 'referee.ndjson');
  writeFileSync(scenario, JSON.stringify({ seed: 1, providers }));
  const main = join(dirname(createRequire(import.meta.url).resolve('@mxflow/provider-sim')), 'main.ts');
  const child = spawn(process.execPath, [main, '--scenario', scenario, '--referee', refereeFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [first] = (await once(lines, 'line')) as [string];
  const { dns, smtpPort } = JSON.parse(first) as { readonly dns: string; readonly smtpPort: number };
  return {
    refereeFile,
    settings: {
      MXFLOW_DNS: dns,
      MXFLOW_SMTP_PORT: String(smtpPort),
      MXFLOW_PRIVATE_MX: '127.0.0.0/8',
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
