import type Docker from 'dockerode';

/**
 * A network of a story. Providers have the low addresses (`PREFIX.1.…` to `PREFIX.15.…`), containers those that the
 * engine gives them from `PREFIX.200.…`.
 */
export type StoryNetwork = AsyncDisposable & {
  readonly name: string;
  readonly id: string;
  /** Its first two octets. */
  readonly octets: string;
  readonly cidr: string;
};

const ATTEMPTS = 20;

export async function makeStoryNetwork(docker: Docker, name: string): Promise<StoryNetwork> {
  for (let attempt = 1; ; attempt += 1) {
    const octets = `10.${64 + Math.floor(Math.random() * 128)}`;
    const pool = { Subnet: `${octets}.0.0/16`, IPRange: `${octets}.200.0/24`, Gateway: `${octets}.200.1` };
    try {
      const network = await docker.createNetwork({ Name: name, CheckDuplicate: true, IPAM: { Config: [pool] } });
      const remove = (): Promise<void> => network.remove();
      return { name, id: network.id, octets, cidr: pool.Subnet, [Symbol.asyncDispose]: remove };
    } catch (error) {
      // Another network of this machine has these addresses.
      if (attempt === ATTEMPTS || !String(error).includes('overlap')) throw error;
    }
  }
}
