import {
  classifyMail,
  explain,
  type Action,
  type ClassifiedRecipient,
  type CompiledRules,
  type MailKind,
} from '@mxflow/bounce';
import type { EnhancedStatus, FailureDetail, FailureReason, FailureType } from '@mxflow/domain';

/** What a mail says about one recipient, in short. */
export type MailReport = {
  readonly recipient: string | undefined;
  readonly originalRecipient: string | undefined;
  readonly action: Action;
  readonly reason: FailureReason;
  readonly type: FailureType;
  readonly detail: FailureDetail;
  readonly because: ClassifiedRecipient['because'];
  readonly replyCode: number | undefined;
  readonly enhancedStatus: EnhancedStatus | undefined;
  /** Number of the text in `texts`: ten thousand recipients may share one. */
  readonly text: number;
  /** Number of the reply that it quotes, where it quotes one. */
  readonly reply: number | undefined;
  readonly looksAt: 'diagnostic' | 'body';
};

/** What is taken from a mail, small enough to be handed from a thread to another. */
export type ReadMail = {
  readonly kind: MailKind;
  readonly reports: readonly MailReport[];
  readonly texts: readonly string[];
  readonly returned: { readonly messageId: string | undefined; readonly headers: string };
  /** Addresses that the mail says it was sent to. */
  readonly sentTo: readonly string[];
};

const MAX_REPORTS = 10_000;
const MAX_TEXT = 1000;
const MAX_ADDRESS = 320;
const MAX_SENT_TO = 100;

/** Reads and classifies a mail. */
export function readMail(raw: Uint8Array, rules: CompiledRules): ReadMail {
  const { kind, recipients, evidence } = classifyMail(raw, rules);
  const texts = new Map<string, number>();
  const numberOf = (words: string): number => {
    const text = words.slice(0, MAX_TEXT).toWellFormed();
    const number = texts.get(text) ?? texts.size;
    texts.set(text, number);
    return number;
  };
  const reports = recipients.slice(0, MAX_REPORTS).map((report, at): MailReport => {
    return {
      recipient: report.recipient?.slice(0, MAX_ADDRESS),
      originalRecipient: report.originalRecipient?.slice(0, MAX_ADDRESS),
      action: report.action,
      reason: report.reason,
      type: report.type,
      detail: report.detail,
      because: shortened(report.because),
      replyCode: report.replyCode,
      enhancedStatus: report.enhancedStatus,
      text: numberOf(report.text),
      reply: report.reply === '' ? undefined : numberOf(report.reply),
      looksAt: evidence.reports[at]?.diagnostic === '' ? 'body' : 'diagnostic',
    };
  });
  const { messageId, headers } = evidence.returned;
  return {
    kind,
    reports,
    texts: [...texts.keys()],
    returned: { messageId: messageId?.slice(0, MAX_TEXT), headers },
    sentTo: evidence.sentTo.slice(0, MAX_SENT_TO),
  };
}

function shortened(because: MailReport['because']): MailReport['because'] {
  return because.kind === 'rule' ? { ...because, text: because.text.slice(0, 200).toWellFormed() } : because;
}

/** A report's grounds on one line. */
export function groundsOf({ because }: MailReport): string {
  return explain(because);
}
