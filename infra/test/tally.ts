/** What vitest's JSON report says, as far as it is counted here. */
export type Report = {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

/**
 * Adds reports up. A file that fails without a failed test (it could not be loaded, or its clean-up threw) counts as
 * one failure, and so does a run that failed without any: nothing that went wrong adds up to "0 failed".
 */
export function tally(reports: readonly Report[], runFailed: boolean): Tally {
  const files = reports.flatMap(({ testResults }) => testResults);
  const statuses = files.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const brokenFiles = files.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some(isFailure),
  );
  const passed = statuses.filter((status) => status === 'passed').length;
  const failed = statuses.filter((status) => status === 'failed').length + brokenFiles.length;
  const skipped = statuses.length - passed - statuses.filter((status) => status === 'failed').length;
  return { passed, failed: failed === 0 && runFailed ? 1 : failed, skipped };
}

function isFailure({ status }: { readonly status: string }): boolean {
  return status === 'failed';
}

/** The last line of `npm test`. */
export function describeTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Nothing run is no success. */
export function isSuccess({ passed, failed }: Tally): boolean {
  return failed === 0 && passed > 0;
}
