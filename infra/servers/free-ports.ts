import { createServer } from 'node:net';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';

/**
 * Below the range from which Linux takes the ports of outgoing connections, so that the port of a server that is
 * down for a moment is not taken by a client's socket before the server is back.
 */
const lowest = 15_000;
const highest = 32_000;

/** Distinct loopback ports on which nothing listened a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(lowest, highest);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    // Taken, or forbidden here: another one will do.
    return false;
  } finally {
    server.close();
  }
}
