import { defineConfig } from 'vitest/config';

/** One configuration for every package: `vitest run packages/x` from the root; a package's own script does the same. */
export default defineConfig({
  test: {
    include: ['**/src/**/*.test.ts', '**/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/.mxflow/**', 'test-e2e/**'],
    // Starts no server by itself: tests that call for one get it.
    globalSetup: ['infra/testing/global-setup.ts'],
    // Generous for the tests that talk to real servers on a small machine; a pure test that needs it is a bug.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
