import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot, stateFolder } from './engine/state-folder.ts';
import { environmentOf, type ThisRun } from './engine/this-run.ts';

export type Summary = { readonly passed: number; readonly failed: number; readonly skipped: number };

type VitestReport = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
};

/** Runs the stories under vitest, in a process of its own that ends with the signal. */
export async function runStories(
  run: Omit<ThisRun, 'docker'>,
  filters: readonly string[],
  signal: AbortSignal,
): Promise<Summary> {
  const reportFile = join(stateFolder(), 'stories.json');
  rmSync(reportFile, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const vitest = join(projectRoot, 'node_modules', '.bin', 'vitest');
  const child = spawn(vitest, ['run', '--root', join(projectRoot, 'test-e2e'), ...reporters, ...filters], {
    // Standard output is for the summary line that follows.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...environmentOf(run) },
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  await once(child, 'close');
  signal.removeEventListener('abort', stop);
  if (signal.aborted) throw new Error('interrupted');
  if (!existsSync(reportFile)) throw new Error('vitest ended without a report');
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as VitestReport;
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests } = report;
  const failed = numFailedTests === 0 && !report.success ? 1 : numFailedTests;
  return { passed, failed, skipped: numPendingTests + numTodoTests };
}
