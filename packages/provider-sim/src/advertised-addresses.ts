import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import type { ProviderSpec } from './scenario.ts';

/** A container's name resolves once the container runs: that long it is asked for. */
const RESOLVE_FOR_MS = 60_000;
const ASK_AGAIN_AFTER_MS = 500;

/**
 * Puts the addresses of the outside world into the specs: a provider's MX hosts take the advertised ones in their order,
 * and whatever is a name instead of an IP address is resolved by the system.
 */
export async function withAdvertisedAddresses(
  specs: readonly ProviderSpec[],
  advertise: readonly { readonly provider: string; readonly host: string }[],
): Promise<ProviderSpec[]> {
  return Promise.all(
    specs.map(async (spec) => {
      const given = advertise.filter(({ provider }) => provider === spec.name).map(({ host }) => host);
      const mxHosts = await Promise.all(
        spec.mxHosts.map(async (mxHost, index) => {
          const own = given[index];
          const addresses = await Promise.all((own === undefined ? mxHost.addresses : [own]).map(resolved));
          return { ...mxHost, addresses };
        }),
      );
      return { ...spec, mxHosts };
    }),
  );
}

async function resolved(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const giveUpAt = performance.now() + RESOLVE_FOR_MS;
  for (;;) {
    try {
      return (await lookup(host, 4)).address;
    } catch (cause) {
      if (performance.now() > giveUpAt) throw cause;
      await wait(ASK_AGAIN_AFTER_MS);
    }
  }
}
