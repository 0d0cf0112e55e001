import { Agent, request } from 'undici';

import type { DeliveryResult } from './delivery-step.ts';
import { checkedConnector, type ConnectorOptions } from './webhook-connector.ts';
import { signatureOf, SIGNATURE_HEADER } from './webhook-signature.ts';

export type WebhookRequest = {
  readonly url: string;
  /** In clear. */
  readonly secret: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** The way to receivers. Disposing closes its connections. */
export type WebhookPost = AsyncDisposable & {
  /** One request, from the name's resolution to the end of the answer. Never rejects for what a receiver does. */
  readonly send: (request: WebhookRequest) => Promise<DeliveryResult>;
};

export type WebhookPostOptions = Omit<ConnectorOptions, 'connectLimitMs'> & { readonly limitMs?: number };

/** From the first step to the end of the answer. */
export const REQUEST_LIMIT_MS = 10_000;
/** Of the answer's content, which nobody reads: what is longer costs the receiver its connection. */
const READ_OCTETS = 64 * 1024;

export function createWebhookPost({ limitMs = REQUEST_LIMIT_MS, ...options }: WebhookPostOptions): WebhookPost {
  const agent = new Agent({
    connect: checkedConnector({ ...options, connectLimitMs: limitMs }),
    headersTimeout: limitMs,
    bodyTimeout: limitMs,
    // No second request on a connection before the first is answered: an endpoint must not wait for its neighbour.
    pipelining: 1,
  });
  return {
    async send({ url, secret, body, now }) {
      const signal = AbortSignal.timeout(limitMs);
      try {
        const { statusCode, body: answer } = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'mxflow',
            [SIGNATURE_HEADER]: signatureOf(body, secret, Math.floor(now / 1000)),
          },
          body,
          signal,
        });
        // The status has decided; how the rest of the answer ends changes nothing.
        await answer.dump({ limit: READ_OCTETS, signal }).catch(() => {});
        return { kind: 'answered', statusCode };
      } catch (error) {
        return { kind: 'unreachable', because: signal.aborted ? `no answer within ${limitMs} ms` : causeOf(error) };
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

function causeOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return [code, message].filter((part) => typeof part === 'string' && part !== '').join(': ');
}
