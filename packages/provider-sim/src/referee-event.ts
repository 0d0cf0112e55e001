/**
 * One line of the referee's raw file: what a provider saw, when.
 *
 * `t` is milliseconds since the epoch with a fraction, from a clock that never steps back. `c` numbers the connection
 * within the file. A connection is open from `open` (TCP accepted) to `close` (the peer's FIN or RST seen, or our end
 * closed). `mail` is written when MAIL arrives, whatever it is answered; `accepted` just before 250 is said to a
 * content, once for each forward-path; `refused` for each 4yz and 5yz; `report` when a bounce or complaint mailed
 * afterwards has been taken; `violation` when the client breaks the protocol.
 */
export type RefereeEvent = {
  readonly t: number;
  readonly c: number;
  readonly src: string;
  readonly dst: string;
  readonly srv: string;
} & (
  | { readonly e: 'open' }
  | { readonly e: 'close' }
  | { readonly e: 'mail'; readonly from: string }
  | { readonly e: 'accepted'; readonly id: string; readonly rcpt: string; readonly code: number }
  | {
      readonly e: 'refused';
      readonly at: string;
      readonly id?: string;
      readonly rcpt?: string;
      readonly code: number;
    }
  | {
      readonly e: 'report';
      readonly kind: 'bounce' | 'complaint';
      readonly id: string;
      readonly rcpt: string;
      readonly code: number;
    }
  | { readonly e: 'violation'; readonly what: string }
);

/** Milliseconds since the epoch by a monotonic clock: unaffected by steps of the wall clock after the process started. */
export function monotonicEpochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Reads a line of the raw file; a line that was cut off by a crash is `undefined`. */
export function parseRefereeLine(line: string): RefereeEvent | undefined {
  if (!line.endsWith('}')) return undefined;
  return JSON.parse(line) as RefereeEvent;
}
