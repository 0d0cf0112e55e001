import type { BounceRule, EnhancedStatus, FailureDetail, FailureReason, FailureType, RuleTarget } from '@mxflow/domain';

import { byEnhancedStatus, byReplyCode } from './by-code.ts';
import type { CompiledRules } from './compile-rules.ts';
import type { RefusedCommand } from './quoted-reply.ts';
import type { RuleSubject } from './rule.ts';
import { visibleText } from './visible-text.ts';

/** What decided: so that every decision can be explained. */
export type Because =
  | { readonly kind: 'rule'; readonly rule: string; readonly target: RuleTarget; readonly text: string }
  /** The command that the server refused tells what it objected to, where nothing else does. */
  | { readonly kind: 'command'; readonly command: RefusedCommand }
  | { readonly kind: 'enhanced-status'; readonly status: EnhancedStatus }
  | { readonly kind: 'reply-code'; readonly code: number }
  /** What the mail is, without a look at its words: an auto-reply, a complaint. */
  | { readonly kind: 'mail'; readonly text: string }
  | { readonly kind: 'nothing' };

/** A classification and why. */
export type Decision = {
  readonly reason: FailureReason;
  readonly type: FailureType;
  readonly detail: FailureDetail;
  readonly because: Because;
};

/** A text and where it stands. */
export type SeenText = { readonly target: RuleTarget; readonly text: string };

export type Question = {
  /** The most telling first: the first text that a rule matches decides. */
  readonly texts: readonly SeenText[];
  readonly subject: RuleSubject & { readonly enhancedStatus: EnhancedStatus | undefined };
  readonly command: RefusedCommand | undefined;
};

/** Characters of the text that a decision quotes. */
const MAX_QUOTED = 500;

/**
 * Decides why a delivery failed: a rule that matches; else the enhanced status; else the reply code; else nothing is
 * known. A status never makes an address unknown when the server had not even been told the address.
 */
export function decide({ texts, subject, command }: Question, rules: CompiledRules): Decision {
  for (const { target, text } of texts) {
    const seen = visibleText(text);
    const rule = rules.firstMatch(target, seen, subject);
    if (rule !== undefined) return byRule(rule, { target, text: seen, subject, command });
  }
  const { enhancedStatus, replyCode } = subject;
  const reading = byEnhancedStatus(enhancedStatus);
  if (
    reading !== undefined &&
    enhancedStatus !== undefined &&
    !(command !== undefined && isAboutRecipient(reading.reason))
  ) {
    return { ...reading, because: { kind: 'enhanced-status', status: enhancedStatus } };
  }
  const coded = byReplyCode(replyCode);
  const refusal = coded === undefined || replyCode === undefined || replyCode >= 500 ? byCommand(command) : undefined;
  if (refusal !== undefined) return refusal;
  if (coded !== undefined && replyCode !== undefined) {
    return { ...coded, because: { kind: 'reply-code', code: replyCode } };
  }
  return { reason: 'not-defined', type: 'soft', detail: 'unclear', because: { kind: 'nothing' } };
}

function byRule(
  rule: BounceRule,
  { target, text, subject, command }: SeenText & Pick<Question, 'subject' | 'command'>,
): Decision {
  const because: Because = { kind: 'rule', rule: rule.id, target, text: text.slice(0, MAX_QUOTED) };
  if (command !== undefined && isAboutRecipient(rule.reason)) {
    // "Unknown user" in answer to MAIL is about the sender.
    return { reason: 'refused', type: 'soft', detail: 'sender-rejected', because };
  }
  return {
    reason: rule.reason,
    type: isTransient(subject) ? softened(rule.type) : rule.type,
    detail: rule.detail,
    because,
  };
}

/** A 4yz says that the answer may change: it never makes a hard error. */
function isTransient({ replyCode, enhancedStatus }: RuleSubject): boolean {
  if (enhancedStatus !== undefined && !/^[45]\.0\.0$/.test(enhancedStatus)) return enhancedStatus.startsWith('4');
  return replyCode !== undefined && replyCode < 500;
}

function softened(type: Decision['type']): Decision['type'] {
  return type === 'hard' ? 'soft' : type;
}

function isAboutRecipient(reason: FailureReason): boolean {
  switch (reason) {
    case 'user-unknown':
    case 'mailbox-full':
    case 'inactive-user':
    case 'invalid-domain':
      return true;
    case 'refused':
    case 'unreachable':
    case 'ignored':
    case 'not-defined':
      return false;
  }
}

function byCommand(command: RefusedCommand | undefined): Decision | undefined {
  if (command === undefined) return undefined;
  const detail = command === 'mail' ? 'sender-rejected' : 'ip-blocked';
  return { reason: 'refused', type: 'soft', detail, because: { kind: 'command', command } };
}

/** A decision's grounds on one line, for logs and for the operator. */
export function explain(because: Because): string {
  switch (because.kind) {
    case 'rule':
      return `rule ${because.rule} matched the ${because.target}: ${because.text}`;
    case 'command':
      return `no rule matched; the server refused at ${because.command}`;
    case 'enhanced-status':
      return `no rule matched; enhanced status ${because.status}`;
    case 'reply-code':
      return `no rule matched; reply code ${because.code}`;
    case 'mail':
      return because.text;
    case 'nothing':
      return 'no rule matched, no telling code';
  }
}
