import type { MailedMessage, ReportedBounce } from '@mxflow/db';
import { addressKey, type MessageId } from '@mxflow/domain';

import type { InboundOutcome } from './events.ts';
import { groundsOf, type MailReport, type ReadMail } from './read-mail.ts';
import type { Whose } from './whose-mail.ts';

/** What a mail is found to be, and what is recorded of it. */
export type MailDecision = {
  readonly outcome: InboundOutcome;
  readonly because: string;
  readonly messageId: MessageId | undefined;
  readonly told: readonly ToldOf[];
};

/** One thing that a mail tells of one message, with the report that it was read from. */
export type ToldOf = { readonly bounce: ReportedBounce; readonly report?: MailReport; readonly text?: string };

export type MailQuestion = {
  readonly mailId: string;
  readonly whose: Whose;
  /** `undefined` where no thread could read it. */
  readonly mail: ReadMail | undefined;
  /** Of the messages that it may be about, those that are known. */
  readonly messages: ReadonlyMap<string, MailedMessage>;
  /** Milliseconds since the epoch, by the clock that the delivery log goes by. */
  readonly now: number;
  readonly maxAgeMs: number;
};

/** Decides what a stored mail is. Pure. */
export function decideMail(question: MailQuestion): MailDecision {
  const { whose, mail, messages } = question;
  if (whose.kind !== 'ours') {
    // What cannot be read may still be ours: only its address says that it is not.
    const outcome = mail === undefined && whose.kind === 'not-ours' ? 'unparsed' : whose.kind;
    return { outcome, because: whose.because, messageId: undefined, told: [] };
  }
  const [first] = whose.messageIds;
  const nothing = { messageId: first, told: [] };
  if (mail === undefined) return { ...nothing, outcome: 'unparsed', because: 'it could not be read' };
  if (!whose.messageIds.some((id) => messages.has(id))) {
    return { ...nothing, outcome: 'not-ours', because: 'the message is not known any more' };
  }
  if (whose.by === 'message-id' && isOld(messages.get(first), question)) {
    return { ...nothing, outcome: 'stale', because: 'the message is too old' };
  }
  if (whose.by === 'unsubscribe-address') return ofUnsubscribe(question, mail, first);
  return ofReport(question, mail, whose.messageIds);
}

function isOld(message: MailedMessage | undefined, { now, maxAgeMs }: MailQuestion): boolean {
  return message?.loggedAt != null && now - message.loggedAt > maxAgeMs;
}

function ofUnsubscribe({ mailId }: MailQuestion, { kind }: ReadMail, messageId: MessageId): MailDecision {
  switch (kind) {
    case 'ordinary':
    case 'auto-reply':
    case 'challenge':
      return {
        outcome: 'unsubscribe',
        because: 'a mail to an unsubscribe address',
        messageId,
        told: [{ bounce: { kind: 'unsubscribe', messageId, mailId } }],
      };
    case 'failed':
    case 'delayed':
    case 'delivered':
    case 'complaint':
    case 'feedback':
    case 'receipt':
      return { outcome: 'ordinary', because: `a report (${kind}) to an unsubscribe address`, messageId, told: [] };
  }
}

function ofReport(
  question: MailQuestion,
  mail: ReadMail,
  messageIds: readonly [MessageId, ...MessageId[]],
): MailDecision {
  const [messageId] = messageIds;
  const nothing = { messageId, told: [] };
  switch (mail.kind) {
    case 'failed':
    case 'delayed':
    case 'complaint':
      return ofFailure(question, mail, messageIds);
    case 'auto-reply':
    case 'challenge':
    case 'receipt':
      return { ...nothing, outcome: 'auto-reply', because: `the mail is of kind ${mail.kind}` };
    case 'delivered':
    case 'feedback':
    case 'ordinary':
      return { ...nothing, outcome: 'ordinary', because: `the mail is of kind ${mail.kind}` };
  }
}

function ofFailure(
  { mailId, messages }: MailQuestion,
  mail: ReadMail,
  messageIds: readonly [MessageId, ...MessageId[]],
): MailDecision {
  const found = messageIds.flatMap((messageId) => {
    const report = reportAbout(messages.get(messageId)?.address, mail.reports, messageIds.length === 1);
    return report === undefined ? [] : [{ messageId, report }];
  });
  const [first] = found;
  const [messageId] = messageIds;
  if (first === undefined) {
    return { outcome: 'ordinary', because: 'it says nothing about the recipient', messageId, told: [] };
  }
  const because = groundsOf(first.report);
  const outcome = mail.kind === 'complaint' ? 'complaint' : outcomeOf(first.report);
  const told = found.flatMap(({ messageId: id, report }): readonly ToldOf[] => {
    if (mail.kind !== 'complaint' && outcomeOf(report) !== 'bounce') return [];
    const text = mail.texts[report.text] ?? '';
    const reply = report.reply === undefined ? undefined : mail.texts[report.reply];
    const kind = mail.kind === 'complaint' ? 'complaint' : 'failed';
    return [{ report, text, bounce: bounceOf(kind, { id, report, text, reply, mailId }) }];
  });
  return { outcome, because, messageId: first.messageId, told };
}

function outcomeOf({ action, type }: MailReport): 'bounce' | 'delayed' | 'auto-reply' | 'ordinary' {
  switch (action) {
    case 'failed':
      return type === 'ignored' ? 'auto-reply' : 'bounce';
    case 'delayed':
      return 'delayed';
    case 'delivered':
    case 'relayed':
    case 'expanded':
      return 'ordinary';
  }
}

/**
 * The report about an address. Where none names it (an alias, a forwarded mailbox) and the mail is about this message
 * alone, the mildest of its reports speaks for it: one member of a list that is gone does not mean that the list is.
 */
function reportAbout(
  address: string | undefined,
  reports: readonly MailReport[],
  isAlone: boolean,
): MailReport | undefined {
  const key = address === undefined ? undefined : addressKey(address);
  const named = reports.filter(({ recipient, originalRecipient }) =>
    [recipient, originalRecipient].some((each) => each !== undefined && addressKey(each) === key),
  );
  if (named.length > 0) return mildest(named);
  return isAlone ? mildest(reports) : undefined;
}

const SEVERITY = { ignored: 0, soft: 1, hard: 2 } as const;

function mildest(reports: readonly MailReport[]): MailReport | undefined {
  return reports.toSorted((one, other) => severityOf(one) - severityOf(other))[0];
}

function severityOf(report: MailReport): number {
  return outcomeOf(report) === 'bounce' ? 1 + SEVERITY[report.type] : outcomeOf(report) === 'delayed' ? 0.5 : 0;
}

function bounceOf(
  kind: 'failed' | 'complaint',
  of: {
    readonly id: MessageId;
    readonly report: MailReport;
    readonly text: string;
    readonly reply: string | undefined;
    readonly mailId: string;
  },
): ReportedBounce {
  const { reason, type, detail, because, replyCode, enhancedStatus } = of.report;
  return {
    kind,
    messageId: of.id,
    mailId: of.mailId,
    failureReason: reason,
    failureType: type,
    failureDetail: detail,
    text: of.text,
    ...(of.reply === undefined ? {} : { reply: of.reply }),
    ...(because.kind === 'rule' ? { rule: because.rule } : {}),
    ...(replyCode === undefined ? {} : { replyCode }),
    ...(enhancedStatus === undefined ? {} : { enhancedStatus }),
  };
}
