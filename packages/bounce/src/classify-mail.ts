import type { EnhancedStatus } from '@mxflow/domain';

import { statusText } from './classify-reply.ts';
import type { CompiledRules } from './compile-rules.ts';
import { decide, type Decision, type SeenText } from './decision.ts';
import { readEvidence, type MailEvidence } from './evidence.ts';
import type { MailKind } from './mail-kind.ts';
import { readMail } from './mail.ts';
import { isTranscript, quotedReply, refusedCommandIn } from './quoted-reply.ts';
import type { Action, RecipientReport } from './recipient-report.ts';

/** What a mail says about one recipient, classified. */
export type ClassifiedRecipient = Decision & {
  readonly recipient: string | undefined;
  readonly originalRecipient: string | undefined;
  readonly action: Action;
  readonly replyCode: number | undefined;
  readonly enhancedStatus: EnhancedStatus | undefined;
  /** The text that the decision was about, to be kept and to be normalised where no rule matched. */
  readonly text: string;
  /** What a server replied, as the report quotes it; empty where it quotes none. */
  readonly reply: string;
};

export type ClassifiedMail = {
  readonly kind: MailKind;
  readonly recipients: readonly ClassifiedRecipient[];
  readonly evidence: MailEvidence;
};

/** Reads and classifies a mail to an error address. Never throws, whatever the mail. */
export function classifyMail(raw: Uint8Array, rules: CompiledRules): ClassifiedMail {
  return classifyEvidence(readEvidence(readMail(raw)), rules);
}

function classifyEvidence(evidence: MailEvidence, rules: CompiledRules): ClassifiedMail {
  const complaint = plainComplaint(evidence, rules);
  if (complaint !== undefined) return complaint;
  const recipients = evidence.reports.map((report) => ({
    ...decisionOf(evidence, report, rules),
    recipient: report.recipient,
    originalRecipient: report.originalRecipient,
    action: report.action,
    replyCode: report.replyCode,
    enhancedStatus: report.enhancedStatus,
    reply: replyOf(report),
    text: [report.diagnostic, report.said, evidence.body].find((text) => text !== '') ?? evidence.subject,
  }));
  return { kind: evidence.kind, recipients, evidence };
}

/** Feedback loops that send no feedback report are told by a rule: their mails would be nothing else. */
function plainComplaint(evidence: MailEvidence, rules: CompiledRules): ClassifiedMail | undefined {
  if (evidence.kind !== 'ordinary' && evidence.kind !== 'failed') return undefined;
  const texts: readonly SeenText[] = [
    { target: 'subject', text: evidence.subject },
    ...(evidence.kind === 'ordinary' ? [{ target: 'body', text: evidence.body } as const] : []),
  ];
  const codes = { replyCode: undefined, enhancedStatus: undefined };
  const subject = { ...codes, mxHost: undefined, sender: evidence.from };
  const decision = decide({ texts, subject, command: undefined }, rules);
  if (decision.detail !== 'complaint') return undefined;
  const { to } = evidence.returned;
  const recipient = {
    ...codes,
    recipient: to,
    originalRecipient: to,
    action: 'delivered',
    text: evidence.subject,
    reply: '',
  } as const;
  return { kind: 'complaint', recipients: [{ ...decision, ...recipient }], evidence };
}

function decisionOf(evidence: MailEvidence, report: RecipientReport, rules: CompiledRules): Decision {
  const { kind } = evidence;
  switch (kind) {
    case 'failed':
    case 'delayed': {
      if (report.action === 'failed') return ofFailure(evidence, report, rules);
      // Still being tried: why is worth knowing, but nothing has failed yet.
      if (report.action === 'delayed') return { ...ofFailure(evidence, report, rules), type: 'ignored' };
      return ignored(`the report says that the message was ${report.action}`);
    }
    case 'complaint': {
      const text = `feedback report${evidence.feedbackType === undefined ? '' : `, type ${evidence.feedbackType}`}`;
      return { reason: 'refused', type: 'soft', detail: 'complaint', because: { kind: 'mail', text } };
    }
    case 'auto-reply':
    case 'receipt':
      return {
        ...ignored(`the mail is ${kind === 'receipt' ? 'a receipt' : 'an automatic reply'}`),
        detail: 'auto-reply',
      };
    case 'challenge':
      return { ...ignored('the mail asks the sender for a proof'), detail: 'challenge' };
    case 'delivered':
    case 'feedback':
    case 'ordinary':
      return ignored('the mail reports no failure');
  }
}

function ignored(text: string): Decision {
  return { reason: 'ignored', type: 'ignored', detail: 'unclear', because: { kind: 'mail', text } };
}

function replyOf({ diagnostic, said }: RecipientReport): string {
  return diagnostic === '' || EXIT_CODE.test(diagnostic) ? quotedReply(said) : diagnostic;
}

/** The exit code of a program that delivers: what it said stands elsewhere, if anywhere. */
const EXIT_CODE = /^\s*x-unix;?\s*\d+\s*$/i;

function ofFailure(evidence: MailEvidence, report: RecipientReport, rules: CompiledRules): Decision {
  const { replyCode, enhancedStatus, remoteMta, diagnostic, said } = report;
  const { body } = evidence;
  const alone = evidence.reports.length === 1;
  // The transcript of a session may stand far from the line with the recipient.
  const told = alone && (said === '' || isTranscript(body)) ? body : said;
  const first: SeenText = { target: 'diagnostic', text: diagnostic };
  const isMute = EXIT_CODE.test(diagnostic);
  const texts: readonly SeenText[] = [
    ...(isMute ? [] : [first]),
    { target: 'diagnostic', text: quotedReply(told) },
    { target: 'body', text: said },
    // The whole text speaks of every recipient: it decides only where there is one.
    ...(alone ? [{ target: 'body', text: body } as const, { target: 'subject', text: evidence.subject } as const] : []),
    ...(isMute ? [first] : []),
    ...statusText(enhancedStatus),
  ];
  const subject = { replyCode, enhancedStatus, mxHost: remoteMta, sender: evidence.from };
  const command = refusedCommandIn(`${diagnostic} ${told}`);
  const decision = decide({ texts, subject, command }, rules);
  if (decision.because.kind === 'nothing' && !alone) {
    // Some say why before they list whom it was about. Which of many is unknown, it does not tell.
    const common = decide({ texts: [{ target: 'body', text: preamble(evidence) }], subject, command }, rules);
    return common.type === 'hard' ? decision : common;
  }
  if (decision.reason !== 'user-unknown' || !alone) return decision;
  // A report that says two things about an address: the one that costs the address less holds.
  const milder = decide({ texts: [{ target: 'body', text: body }], subject, command }, rules);
  return milder.reason === 'inactive-user' ? milder : decision;
}

/** A report's text before the first recipient that it names. */
function preamble({ body, reports }: MailEvidence): string {
  const starts = reports.flatMap(({ recipient = '' }) => {
    const at = recipient === '' ? -1 : body.indexOf(recipient);
    return at === -1 ? [] : [at];
  });
  return starts.length === 0 ? '' : body.slice(0, Math.min(...starts));
}
