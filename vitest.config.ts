import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

import { RunOrder } from './infra/testing/run-order.ts';

/** As the bootstrap sets it: for the test processes, and for those that tests start. */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '.mxflow', 'compile-cache');

/** One configuration for every package: `vitest run packages/x` from the root; a package's own script does the same. */
export default defineConfig({
  test: {
    include: ['**/src/**/*.test.ts', '**/test/**/*.test.ts', 'infra/stories/*.test.ts'],
    exclude: ['**/node_modules/**', '**/.mxflow/**', 'test-e2e/**'],
    // Starts no server by itself: tests that call for one get it.
    globalSetup: ['infra/testing/global-setup.ts'],
    // Generous for the tests that talk to real servers on a small machine; a pure test that needs it is a bug.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Loading a service's modules costs a second: once for each worker, not for each file. What a file changes of a
    // module's or the process' own state, it puts back.
    isolate: false,
    sequence: { sequencer: RunOrder },
  },
});
