import type { Reply } from './reply.ts';

/** Does the failure stay, or may it pass? Only hard and soft ones are about the message; ignored ones are retried like soft. */
export type FailureType = 'hard' | 'soft' | 'ignored';

/** Why a message failed, in the words that operators know. `ignored` says that there was no failure of ours to count. */
export const FAILURE_REASONS = [
  'user-unknown',
  'mailbox-full',
  'inactive-user',
  'invalid-domain',
  'refused',
  'unreachable',
  'ignored',
  'not-defined',
] as const;

export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What one attempt told about one forward-path, as the worker reports it. */
export type AttemptResult =
  /** 2yz after the final dot: the next hop has taken responsibility (RFC 5321 §6.1). */
  | { readonly kind: 'accepted' }
  /** The server answered 4yz or 5yz to MAIL, RCPT, DATA or the content. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  /** No session, or it broke before an octet that could complete the content: nothing was delivered. */
  | { readonly kind: 'unreachable' }
  /** It broke between the final dot and the reply: perhaps delivered, perhaps not (RFC 1047). */
  | { readonly kind: 'in-doubt' }
  /** Null MX, NXDOMAIN or no address. */
  | { readonly kind: 'invalid-domain' }
  /** Never to be sent as it is: a variable is missing, a header would break, the server lacks what it needs. */
  | { readonly kind: 'unsendable' };

/** What follows an attempt: `retry` asks the schedule, and expires where no attempt fits the validity. */
export type Disposition = 'complete' | 'retry' | 'fail';

/** Decides what follows. Permanent negative replies (5yz, RFC 5321 §4.2.1) end the message; everything else that failed is tried again. */
export function disposeOf(result: AttemptResult): Disposition {
  switch (result.kind) {
    case 'accepted':
      return 'complete';
    case 'refused':
      return result.reply.code >= 500 ? 'fail' : 'retry';
    case 'unreachable':
    case 'in-doubt':
    case 'invalid-domain':
      return 'retry';
    case 'unsendable':
      return 'fail';
  }
}

/** True for a reply that asks a new sender to come back soon (RFC 6647): by its text, since codes differ by server. */
export function isGreylisting(reply: Reply): boolean {
  return reply.code >= 400 && reply.code < 500 && /gr[ae]y-?\s?list/i.test(reply.lines.join(' '));
}

/** A failure's type and reason. */
export type Classification = { readonly type: FailureType; readonly reason: FailureReason };

/** Reasons by enhanced status (RFC 3463 §3), the part behind the class. */
const BY_STATUS: Readonly<Record<string, FailureReason>> = {
  '1.1': 'user-unknown',
  '1.2': 'invalid-domain',
  '1.6': 'user-unknown',
  '1.10': 'user-unknown',
  '2.1': 'inactive-user',
  '2.2': 'mailbox-full',
};

/**
 * First reading of a failure, by enhanced status alone; a reply without one is `not-defined`: an unknown text decides
 * nothing by itself.
 */
export function classifyFailure(result: AttemptResult): Classification {
  switch (result.kind) {
    case 'accepted':
      return { type: 'ignored', reason: 'not-defined' };
    case 'refused':
      return classifyReply(result.reply);
    case 'unreachable':
    case 'in-doubt':
      return { type: 'soft', reason: 'unreachable' };
    case 'invalid-domain':
      return { type: 'soft', reason: 'invalid-domain' };
    case 'unsendable':
      return { type: 'soft', reason: 'refused' };
  }
}

function classifyReply({ code, enhanced }: Reply): Classification {
  const detail = enhanced?.slice(2);
  const known = detail === undefined ? undefined : BY_STATUS[detail];
  const reason =
    known ??
    (detail?.startsWith('7.') === true ? 'refused' : detail?.startsWith('4.') === true ? 'unreachable' : 'not-defined');
  return { type: reason === 'user-unknown' && code >= 500 ? 'hard' : 'soft', reason };
}
