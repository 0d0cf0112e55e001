import { addressesIn } from './addresses.ts';
import { kindOf, type MailKind } from './mail-kind.ts';
import { readMailText, type Mail } from './mail.ts';
import { actionOf, fromFields, fromFreeText, oneLine, type RecipientReport } from './recipient-report.ts';
import { readFieldGroups, readRecipientGroups, type FieldGroup } from './report-fields.ts';
import { withoutCourtesies } from './quoted-reply.ts';
import { cutReturned, returnedHeader } from './returned-message.ts';
import { readTextReport } from './text-report.ts';

/** What a mail to an error address is, and says. */
export type MailEvidence = {
  readonly kind: MailKind;
  readonly subject: string;
  readonly from: string;
  readonly reports: readonly RecipientReport[];
  /** The whole report in its own words, on one line. */
  readonly body: string;
  readonly returned: {
    readonly messageId: string | undefined;
    readonly to: string | undefined;
    readonly headers: string;
  };
  /** Addresses that the mail says it was sent to: candidates for the return-path where the envelope is lost. */
  readonly sentTo: readonly string[];
  readonly feedbackType: string | undefined;
};

/** Characters of a text that classification sees. */
const MAX_SEEN = 16 << 10;

const STATUS_PARTS = new Set(['message/delivery-status', 'message/global-delivery-status', 'text/delivery-status']);
const RETURNED_PARTS = new Set([
  'message/rfc822',
  'message/global',
  'text/rfc822-headers',
  'message/rfc822-headers',
  'message/global-headers',
  'message/partial',
  'text/rfc822',
]);

/** A bounce may come inside another mail: so many envelopes are opened. */
const MAX_WRAPPED = 2;

/** Reads the evidence in a mail. */
export function readEvidence(mail: Mail, opened = 0): MailEvidence {
  const cut = cutReturned(mail.text);
  const returned = mail.parts.find(({ contentType }) => RETURNED_PARTS.has(contentType))?.text ?? cut.returned;
  const fields = reportFields(mail, cut.report);
  const feedback = partOf(mail, 'message/feedback-report');
  const feedbackGroup = feedback === undefined ? undefined : merged(readFieldGroups(feedback));
  const returnedTo = addressesIn(
    returnedHeader(returned, 'x-hmxmroriginalrecipient') ?? returnedHeader(returned, 'to') ?? '',
  )[0];
  const hints = [...new Set((mail.headers.get('x-failed-recipients') ?? []).flatMap((it) => addressesIn(it)))];
  const free = readTextReport(cut.report, {
    own: [...mail.to, ...sendersOf(returned), ...ownersOf(mail.from)],
    hints,
  });
  const body = withoutCourtesies(oneLine(cut.report).slice(0, MAX_SEEN));
  const kind = kindOf({
    mail,
    body,
    actions: fields.map((group) => actionOf(group)),
    feedbackType: feedbackGroup?.get('feedback-type'),
    isReceipt: mail.parts.some(({ contentType }) =>
      /^message\/(?:global-)?disposition-notification$/.test(contentType),
    ),
    recipients: free.length + hints.length,
    hasReturned: returned !== '',
  });
  const wrapped =
    kind === 'failed' && fields.length + free.length === 0 && opened < MAX_WRAPPED
      ? wrappedBounce(returned, opened)
      : undefined;
  if (wrapped !== undefined) return { ...wrapped, sentTo: [...sentTo(mail), ...wrapped.sentTo] };
  const surroundings = {
    said: new Map(free.map(({ recipient, said }) => [recipient.toLowerCase(), said])),
    only: free.length === 1 ? free[0] : undefined,
    hints,
    returnedTo,
  };
  const reports =
    fields.length > 0
      ? fields.map((group) => fromFields(group, surroundings))
      : fromFreeText({ kind, free, body, from: mail.from, returnedTo, feedbackGroup });
  return {
    kind,
    subject: mail.subject,
    from: mail.from,
    reports,
    body,
    returned: {
      messageId: returnedHeader(returned, 'message-id'),
      to: returnedTo,
      headers: returned.slice(0, MAX_SEEN),
    },
    sentTo: sentTo(mail),
    feedbackType: feedbackGroup?.get('feedback-type')?.toLowerCase(),
  };
}

/** The report that a gateway passed on inside a notice of its own, where the returned message is one. */
function wrappedBounce(returned: string, opened: number): MailEvidence | undefined {
  if (!/^(?:content-type:\s*multipart\/report|from:.{0,200}mailer-daemon)/im.test(returned.slice(0, MAX_SEEN)))
    return undefined;
  const inner = readEvidence(readMailText(Buffer.from(returned).toString('latin1')), opened + 1);
  return inner.reports.length > 0 && (inner.kind === 'failed' || inner.kind === 'delayed') ? inner : undefined;
}

function sentTo(mail: Mail): readonly string[] {
  return [...mail.to, ...(mail.headers.get('delivered-to') ?? []), ...(mail.headers.get('x-original-to') ?? [])];
}

function sendersOf(returned: string): readonly string[] {
  return ['from', 'return-path', 'sender']
    .flatMap((name) => addressesIn(returnedHeader(returned, name) ?? ''))
    .map((address) => address.toLowerCase());
}

/** A list is not its owner, who is named to be asked. */
function ownersOf(from: string): readonly string[] {
  return addressesIn(from)
    .filter((address) => /-(?:owner|request|bounces)@|^owner-/i.test(address))
    .map((address) => address.toLowerCase());
}

function partOf(mail: Mail, contentType: string): string | undefined {
  return mail.parts.find((part) => part.contentType === contentType)?.text;
}

function merged(groups: readonly FieldGroup[]): FieldGroup {
  return new Map(groups.toReversed().flatMap((group) => [...group]));
}

/** The per-recipient groups: of the status part, or, where a server wrote them as text, of the text. */
function reportFields(mail: Mail, report: string): readonly FieldGroup[] {
  const parts = mail.parts.filter(({ contentType }) => STATUS_PARTS.has(contentType));
  const start =
    parts.length > 0 ? -1 : report.search(/^\s{0,8}(?:Reporting-MTA|Final-Recipient|Original-Recipient):/im);
  const text =
    parts.length > 0
      ? parts.map((part) => part.text).join('\n\n')
      : start === -1
        ? ''
        : report.slice(start).replaceAll(/^\s{1,8}(?=[A-Z][\w-]{3,40}:)/gm, '');
  return readRecipientGroups(text);
}
