import { Socket } from 'node:net';

import type { ChannelModel } from 'amqplib';

/**
 * Sends what a connection writes within one turn of the event loop in one system call, instead of one a message:
 * a third of the processor time of publishing goes there otherwise.
 *
 * The socket is no part of amqplib's interface; where it cannot be found, writes go out one by one.
 */
export function gatherWrites({ connection }: ChannelModel): void {
  const socket: unknown = 'stream' in connection ? connection.stream : undefined;
  if (!(socket instanceof Socket)) return;
  const write = socket.write.bind(socket);
  let corked = false;
  const gather = (chunk: Uint8Array): boolean => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork();
      });
    }
    return write(chunk);
  };
  socket.write = gather;
}
