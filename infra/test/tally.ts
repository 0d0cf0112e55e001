/** What vitest's JSON report says, as far as it is counted here. */
export type Report = {
  readonly testResults: readonly {
    /** The file. */
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

/**
 * Adds a report up; a run that crashed may have none. A file that fails without a failed test (it could not be loaded,
 * or its clean-up threw) counts as one failure, and so does a run that failed without any: nothing that went wrong adds
 * up to "0 failed".
 */
export function tally(report: Report | undefined, { runFailed }: { readonly runFailed: boolean }): Tally {
  const files = report?.testResults ?? [];
  const statuses = files.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const brokenFiles = files.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some(isFailure),
  );
  const passed = statuses.filter((status) => status === 'passed').length;
  const failed = statuses.filter((status) => status === 'failed').length + brokenFiles.length;
  const skipped = statuses.length - passed - statuses.filter((status) => status === 'failed').length;
  return { passed, failed: failed === 0 && (runFailed || report === undefined) ? 1 : failed, skipped };
}

/** Those of the files that the run did not come to, or whose tests it did not find. */
export function untested(files: readonly string[], report: Report | undefined): readonly string[] {
  const tested = new Set(report?.testResults.filter(hasResult).map(({ name }) => name));
  return files.filter((file) => !tested.has(file));
}

function hasResult({ status, assertionResults }: Report['testResults'][number]): boolean {
  return status === 'failed' || assertionResults.length > 0;
}

function isFailure({ status }: { readonly status: string }): boolean {
  return status === 'failed';
}

/** The last line of `npm test` and `npm run test:stories`. */
export function describeTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Nothing run is no success. */
export function isSuccess({ passed, failed }: Tally): boolean {
  return failed === 0 && passed > 0;
}
