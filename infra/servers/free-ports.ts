import { createServer, type Server } from 'node:net';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';

/**
 * Below the range from which Linux takes the ports of outgoing connections, so that the port of a server that is
 * down for a moment is not taken by a client's socket before the server is back.
 */
const lowest = 15_000;
const highest = 32_000;

/**
 * Distinct loopback ports on which nothing listens, and which are given to nobody else on this machine, by this
 * process or another, for as long as this process lives: a service may take seconds to listen on its own.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = randomInt(lowest, highest);
    // Reserved first: whoever tries one that is another's could be in its way for a moment.
    if ((await reserve(port)) && (await isFree(port))) found.push(port);
  }
  return found;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isOurs = await listens(server);
  server.close();
  return isOurs;
}

/** UDP's port of that number stands for it: no server needs it, and the kernel frees it however the process ends. */
async function reserve(port: number): Promise<boolean> {
  const held = createSocket('udp4').bind(port, '127.0.0.1').unref();
  const isOurs = await listens(held);
  if (!isOurs) held.close();
  return isOurs;
}

async function listens(socket: Server | Socket): Promise<boolean> {
  try {
    await once(socket, 'listening');
    return true;
  } catch {
    // Taken, or forbidden here: another port will do.
    return false;
  }
}
