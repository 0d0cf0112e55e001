import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { SIGNING_SECRET } from './world.ts';

export type ToldEvent = {
  readonly id: string;
  readonly event: string;
  readonly message: string;
  readonly attempt: number;
  readonly sequence: number;
} & Readonly<Record<string, unknown>>;

export type ReceivedRequest = {
  readonly events: readonly ToldEvent[];
  readonly headers: IncomingMessage['headers'];
  readonly at: number;
};

/** How a receiver answers its n-th request, counted from 0. */
export type Answer = number | ((response: ServerResponse, index: number) => void);

export type Receiver = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly ReceivedRequest[];
  /** Of all requests, in the order of their arrival. */
  readonly events: readonly ToldEvent[];
  /** Most requests that were open at once. */
  readonly mostAtOnce: () => number;
  answer: Answer;
};

/** A webhook receiver that takes nothing whose signature is wrong, as docs/webhooks.md says. */
export async function startReceiver(answer: Answer = 204): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const events: ToldEvent[] = [];
  let open = 0;
  let most = 0;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    open += 1;
    most = Math.max(most, open);
    response.once('close', () => (open -= 1));
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    if (!isSigned(body, String(request.headers['mxflow-signature']))) {
      response.writeHead(401).end();
      return;
    }
    const told = (JSON.parse(body) as { events: ToldEvent[] }).events;
    const index = requests.push({ events: told, headers: request.headers, at: performance.now() }) - 1;
    events.push(...told);
    if (typeof receiver.answer === 'number') response.writeHead(receiver.answer).end();
    else receiver.answer(response, index);
  };
  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    requests,
    events,
    mostAtOnce: () => most,
    answer,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}

function isSigned(body: string, header: string): boolean {
  const match = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header);
  if (match === null || Math.abs(Date.now() / 1000 - Number(match[1])) > 300) return false;
  return createHmac('sha256', SIGNING_SECRET).update(`${match[1]}.${body}`).digest('hex') === match[2];
}
