import type { EnhancedStatus } from '@mxflow/domain';

import { statusText } from './classify-reply.ts';
import type { CompiledRules } from './compile-rules.ts';
import { decide, refusedCommandIn, type Decision, type SeenText } from './decision.ts';
import { readEvidence, type Action, type MailEvidence, type RecipientReport } from './evidence.ts';
import type { MailKind } from './mail-kind.ts';
import { readMail } from './mail.ts';

/** What a mail says about one recipient, classified. */
export type ClassifiedRecipient = Decision & {
  readonly recipient: string | undefined;
  readonly originalRecipient: string | undefined;
  readonly action: Action;
  readonly replyCode: number | undefined;
  readonly enhancedStatus: EnhancedStatus | undefined;
  /** The text that the decision was about, to be kept and to be normalised where no rule matched. */
  readonly text: string;
};

export type ClassifiedMail = {
  readonly kind: MailKind;
  readonly recipients: readonly ClassifiedRecipient[];
  readonly evidence: MailEvidence;
};

/** Reads and classifies a mail to an error address. Never throws, whatever the mail. */
export async function classifyMail(raw: Uint8Array, rules: CompiledRules): Promise<ClassifiedMail> {
  return classifyEvidence(readEvidence(await readMail(raw)), rules);
}

export function classifyEvidence(evidence: MailEvidence, rules: CompiledRules): ClassifiedMail {
  const recipients = evidence.reports.map((report) => ({
    ...decisionOf(evidence, report, rules),
    recipient: report.recipient,
    originalRecipient: report.originalRecipient,
    action: report.action,
    replyCode: report.replyCode,
    enhancedStatus: report.enhancedStatus,
    text: [report.diagnostic, report.said, evidence.body].find((text) => text !== '') ?? evidence.subject,
  }));
  return { kind: evidence.kind, recipients, evidence };
}

function decisionOf(evidence: MailEvidence, report: RecipientReport, rules: CompiledRules): Decision {
  const { kind } = evidence;
  switch (kind) {
    case 'failed':
    case 'delayed': {
      if (report.action === 'failed' || report.action === 'delayed') return ofFailure(evidence, report, rules);
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

function ofFailure(evidence: MailEvidence, report: RecipientReport, rules: CompiledRules): Decision {
  const { replyCode, enhancedStatus, remoteMta } = report;
  const others = evidence.reports.length > 1;
  const texts: readonly SeenText[] = [
    { target: 'diagnostic', text: report.diagnostic },
    { target: 'body', text: report.said },
    // The whole text speaks of every recipient: it decides only where there is one.
    ...(others
      ? []
      : [{ target: 'body', text: evidence.body } as const, { target: 'subject', text: evidence.subject } as const]),
    ...statusText(enhancedStatus),
  ];
  const subject = { replyCode, enhancedStatus, mxHost: remoteMta, sender: evidence.from };
  return decide({ texts, subject, command: refusedCommandIn(`${report.diagnostic} ${report.said}`) }, rules);
}
