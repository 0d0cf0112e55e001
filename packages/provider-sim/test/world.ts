import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { analyse, type Analysis, type AnalysisOptions } from '../src/analyse.ts';
import type { Behaviour } from '../src/behaviour.ts';
import { readReferee } from '../src/referee.ts';
import type { RefereeEvent } from '../src/referee-event.ts';
import { startProviders, type Provider, type Providers, type StartOptions } from '../src/start-providers.ts';
import { connectRaw, type RawClient } from './raw-client.ts';

/** A world of one provider with two MX hosts, 10 and 20, and its raw file in a folder of its own. */
export type World = AsyncDisposable & {
  readonly sims: Providers;
  readonly provider: Provider;
  readonly address: string;
  /** A client that has read the greeting and said EHLO. */
  greeted(source?: string): Promise<RawClient>;
  /** A client that has said nothing and read nothing. */
  connected(options?: { readonly source?: string; readonly address?: string }): Promise<RawClient>;
  events(): Promise<RefereeEvent[]>;
  analysis(options?: AnalysisOptions): Promise<Analysis>;
};

let worlds = 0;

export async function startWorld(behaviour: Behaviour, options: Partial<StartOptions> = {}): Promise<World> {
  const folder = await mkdtemp(path.join(tmpdir(), 'provider-sim-'));
  // Vitest runs files side by side: the process id keeps their addresses apart.
  const network = `127.${100 + (process.pid % 100)}.${(worlds += 1)}`;
  const address = `${network}.1`;
  const sims = await startProviders({
    specs: [
      {
        name: 'sim',
        domains: ['sim.test'],
        mxHosts: [
          { host: 'mx1.sim.test', preference: 10, addresses: [address] },
          { host: 'mx2.sim.test', preference: 20, addresses: [`${network}.2`] },
        ],
        behaviour,
      },
    ],
    seed: 42,
    refereeFile: path.join(folder, 'referee.ndjson'),
    ...options,
  });
  const provider = sims.providers.get('sim');
  if (provider === undefined) throw new Error('expected the provider to run');
  const connected: World['connected'] = (to = {}) =>
    connectRaw({
      port: sims.smtpPort,
      host: to.address ?? address,
      ...(to.source === undefined ? {} : { source: to.source }),
    });
  const events = async (): Promise<RefereeEvent[]> => {
    sims.referee.flush();
    const found: RefereeEvent[] = [];
    for await (const event of readReferee(sims.referee.file)) found.push(event);
    return found;
  };
  return {
    sims,
    provider,
    address,
    connected,
    async greeted(source) {
      const client = await connected(source === undefined ? {} : { source });
      await client.reply();
      await client.ask('EHLO client.test');
      return client;
    },
    events,
    analysis: async (analysisOptions) => analyse(await events(), analysisOptions),
    async [Symbol.asyncDispose]() {
      await sims.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until something holds, looking every few milliseconds. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const giveUpAt = performance.now() + 10_000; performance.now() < giveUpAt;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`expected ${what}, and it did not come about`);
}
