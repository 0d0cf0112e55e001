import { expect, test } from 'vitest';

import { describeTally, isSuccess, tally, untested, type Report } from './tally.ts';

type File = Report['testResults'][number];
type Row = readonly [what: string, files: readonly File[], runFailed: boolean, line: string, success: boolean];

function file(status: string, ...tests: readonly string[]): File {
  return { name: '/x/a.test.ts', status, assertionResults: tests.map((one) => ({ status: one })) };
}

test.for<Row>([
  [
    'files add up',
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
])('%s', ([, testResults, runFailed, line, success]) => {
  const result = tally({ testResults }, { runFailed });
  expect(describeTally(result)).toBe(line);
  expect(isSuccess(result)).toBe(success);
});

test('a run without a report has failed', () => {
  expect(describeTally(tally(undefined, { runFailed: false }))).toBe('0 passed, 1 failed, 0 skipped');
});

test('a file that was not come to, or in which nothing was found, is named', () => {
  const testResults = [
    { ...file('passed', 'passed'), name: '/x/a.test.ts' },
    { ...file('passed'), name: '/x/b.test.ts' },
    { ...file('failed'), name: '/x/c.test.ts' },
  ];
  const files = ['/x/a.test.ts', '/x/b.test.ts', '/x/c.test.ts', '/x/d.test.ts'];
  expect(untested(files, { testResults })).toEqual(['/x/b.test.ts', '/x/d.test.ts']);
  expect(untested(files, undefined)).toEqual(files);
});
