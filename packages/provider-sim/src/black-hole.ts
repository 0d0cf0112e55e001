import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

/**
 * A port whose SYNs go unanswered: a listener that never accepts, its queue filled by connections of our own. What comes
 * after them the kernel drops without a word, as a firewall would (Linux; the queue holds one more than its backlog).
 */
const LISTENER = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer();
server.on('error', (cause) => { throw cause; });
server.listen({ host: workerData.address, port: workerData.port, backlog: 1 }, () => {
  parentPort.postMessage('listening');
  // The event loop must not turn while this stands: turning is what accepts.
  Atomics.wait(workerData.gate, 0, 0);
  server.close();
});
`;
const QUEUE_LENGTH = 2;

export async function openBlackHole(address: string, port: number): Promise<AsyncDisposable> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(LISTENER, { eval: true, workerData: { address, port, gate } });
  await once(worker, 'message');
  const fillers = Array.from({ length: QUEUE_LENGTH }, () => net.connect(port, address));
  await Promise.all(fillers.map((filler) => once(filler, 'connect')));
  for (const filler of fillers) filler.on('error', () => filler.destroy());
  return {
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      await worker.terminate();
    },
  };
}
