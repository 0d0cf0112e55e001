import { serveOnDemand } from './on-demand.ts';

/** Run by vitest once, in its main process, before all tests; what it returns is run after them. */
export async function setup(): Promise<() => Promise<void>> {
  const servers = await serveOnDemand();
  return async () => {
    await servers[Symbol.asyncDispose]();
  };
}
