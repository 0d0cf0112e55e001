import { expect, test } from 'vitest';

import { describeTally, isSuccess, tally, type Report } from './tally.ts';

type Row = readonly [name: string, reports: readonly Report[], runFailed: boolean, line: string, success: boolean];

function file(status: string, ...tests: readonly string[]): Report {
  const assertionResults = tests.map((one) => ({ status: one }));
  return { success: status === 'passed', testResults: [{ status, assertionResults }] };
}

test.for<Row>([
  [
    'reports add up',
    [file('passed', 'passed', 'passed'), file('passed', 'passed')],
    false,
    '3 passed, 0 failed, 0 skipped',
    true,
  ],
  [
    'skipped, pending and todo are skipped',
    [file('passed', 'passed', 'skipped', 'pending', 'todo')],
    false,
    '1 passed, 0 failed, 3 skipped',
    true,
  ],
  ['a failed test fails the run', [file('failed', 'passed', 'failed')], true, '1 passed, 1 failed, 0 skipped', false],
  ['a file that cannot be loaded is a failure', [file('failed')], true, '0 passed, 1 failed, 0 skipped', false],
  ['a clean-up that throws is a failure', [file('failed', 'passed')], true, '1 passed, 1 failed, 0 skipped', false],
  [
    'a run that crashed is a failure though every test passed',
    [file('passed', 'passed')],
    true,
    '1 passed, 1 failed, 0 skipped',
    false,
  ],
  ['no test at all is no success', [], false, '0 passed, 0 failed, 0 skipped', false],
])('%s', ([, reports, runFailed, line, success]) => {
  const result = tally(reports, runFailed);
  expect(describeTally(result)).toBe(line);
  expect(isSuccess(result)).toBe(success);
});
