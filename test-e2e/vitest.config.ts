import { defineConfig } from 'vitest/config';

/** Stories run one after another: each has the machine to itself. */
export default defineConfig({
  test: {
    include: ['stories/**/*.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
