import type { Message } from '@mxflow/contracts';
import type { MessageId, Source } from '@mxflow/domain';
import type { DeliverableJob } from '@mxflow/db';
import type { CompiledJob } from './compose/index.ts';

/** A job as the worker holds it: its definition, and what composing needs. */
export type LoadedJob = { readonly definition: DeliverableJob; readonly compiled: CompiledJob };

/** Released work in this worker's hands: not claimed yet, so not ours to send. */
export type LaneMessage = Omit<Message<'delivery.requested.v1'>, 'messageId'> & {
  readonly messageId: MessageId;
  readonly traceparent: string | undefined;
  /** When this worker got it: ms, monotonic. */
  readonly arrivedAtMs: number;
  /** Lets the broker forget its copy. Called, once or again, after what became of the message is durable. */
  readonly settle: () => void;
};

/** A message that this worker has claimed: ours to send, and ours to account for. */
export type ClaimedWork = {
  readonly lane: LaneMessage;
  /** Which claim of this attempt it is. */
  readonly claimedAt: string;
  /** When it was asked for: ms, monotonic. */
  readonly grantedAtMs: number;
  readonly address: string;
  readonly variables: Readonly<Record<string, unknown>>;
};

/** One source towards one site. */
export type PathKey = { readonly siteId: number; readonly source: Source };
