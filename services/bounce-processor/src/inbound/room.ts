import { forgetOldInbound, readInboundBacklog, readInboundOctets, type Database, type InboundMail } from '@mxflow/db';
import type { ProcessContext } from '@mxflow/process';

import type { InboundEvents } from './events.ts';

/** How much mail is kept and waits, so that nobody can fill Postgres from outside. */
export type Room = AsyncDisposable & {
  /** Why no mail can be taken now; `undefined` where it can. */
  lacking(): 'backlog' | 'full' | undefined;
  /** Counts a mail in that was stored by this process; those of others are seen at the next look. */
  take(mail: InboundMail): void;
};

export type RoomOptions = {
  readonly database: Database;
  readonly mostWaiting: number;
  readonly mostOctets: number;
  readonly events: Pick<InboundEvents, 'backlog' | 'stored'>;
  readonly every: ProcessContext['every'];
};

const LOOK_EVERY_MS = 2000;
const MEASURE_EVERY_MS = 60_000;
const FORGET_EVERY_MS = 600_000;
const FORGOTTEN_AT_ONCE = 500;

/** Measures what is kept, and forgets what is old. */
export function keepRoom({ database, mostWaiting, mostOctets, events, every }: RoomOptions): Room {
  let [waiting, octets] = [0, 0];
  const loops = new AsyncDisposableStack();
  const look = async (): Promise<void> => {
    const backlog = await readInboundBacklog(database);
    waiting = backlog.mails;
    events.backlog(backlog);
  };
  const measure = async (): Promise<void> => {
    octets = await readInboundOctets(database);
    events.stored(octets);
  };
  const forget = async (): Promise<{ readonly nextInMs: number } | undefined> =>
    (await forgetOldInbound(database, FORGOTTEN_AT_ONCE)) < FORGOTTEN_AT_ONCE ? undefined : { nextInMs: 0 };
  loops.use(every(LOOK_EVERY_MS, look, { name: 'inbound-backlog' }));
  loops.use(every(MEASURE_EVERY_MS, measure, { name: 'inbound-octets' }));
  loops.use(every(FORGET_EVERY_MS, async () => await forget(), { name: 'forget-inbound' }));
  return {
    lacking: () => (waiting >= mostWaiting ? 'backlog' : octets >= mostOctets ? 'full' : undefined),
    take: ({ raw }) => {
      waiting += 1;
      octets += raw.length;
    },
    [Symbol.asyncDispose]: () => loops.disposeAsync(),
  };
}
