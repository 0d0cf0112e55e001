import type { PostedJob } from '@mxflow/db';

/** What a post under an idempotency key is to do about the job that the key names already. */
export type PostDecision =
  /** Compare to the end, then answer as then. */
  | { readonly kind: 'replay' }
  /** Compare with what is stored, then go on behind it. */
  | { readonly kind: 'take-over' }
  | { readonly kind: 'other-content' }
  | { readonly kind: 'wait'; readonly seconds: number };

/** Decides by definition and phase alone: recipients are compared as they come in. */
export function decidePost(posted: PostedJob, definitionSha256: Uint8Array): PostDecision {
  if (!sameOctets(posted.definitionSha256, definitionSha256)) return { kind: 'other-content' };
  switch (posted.phase.kind) {
    case 'accepted':
      return { kind: 'replay' };
    case 'broken-off':
      return { kind: 'take-over' };
    case 'being-received':
      return { kind: 'wait', seconds: posted.phase.secondsLeft };
  }
}

export function sameOctets(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
