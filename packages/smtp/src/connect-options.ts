import type { Endpoint, TlsOptions } from './connection.ts';
import type { TlsPolicy } from './dialog-state.ts';
import type { Loss } from './outcome.ts';
import type { Timeouts } from './timeouts.ts';

export type ConnectOptions = Endpoint & {
  /** Our name in EHLO. */
  readonly heloName: string;
  readonly tls: TlsOptions & { readonly policy: TlsPolicy };
  readonly timeouts: Timeouts;
  /** False for a server that is known to misbehave under PIPELINING. Default: use it where offered. */
  readonly pipelining?: boolean | undefined;
  readonly onEvent?: ((event: SessionEvent) => void) | undefined;
  /**
   * Aborting cuts the session off, in whatever it is: FIN at once, and RST where the server does not close its own end
   * soon.
   */
  readonly signal?: AbortSignal | undefined;
};

export type SessionEvent =
  /** To be remembered about this server: speak to it without PIPELINING. */
  | { readonly kind: 'misbehaved'; readonly detail: string }
  /** The session is over, once, for whatever reason; also when nobody was waiting for anything. */
  | ({ readonly kind: 'closed' } & SessionEnd);

export type SessionEnd = {
  readonly loss: Loss;
  /** Whether the server's own end of the connection was seen: if not, it may count it for a little longer. */
  readonly peerClosed: boolean;
};
