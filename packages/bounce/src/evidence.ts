import type { EnhancedStatus } from '@mxflow/domain';

import { addressOfField, addressesIn } from './addresses.ts';
import { codesIn, isGeneric, statusOfField } from './codes.ts';
import { kindOf, type MailKind } from './mail-kind.ts';
import { readMailText, type Mail } from './mail.ts';
import { readFieldGroups, type FieldGroup } from './report-fields.ts';
import { cutReturned, returnedHeader } from './returned-message.ts';
import { readTextReport } from './text-report.ts';

/** What became of a recipient, in the words of RFC 3464 §2.3.3. */
export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** What a mail says about one recipient. */
export type RecipientReport = {
  /** As reported; `undefined` where the mail names nobody. */
  readonly recipient: string | undefined;
  readonly originalRecipient: string | undefined;
  readonly action: Action;
  readonly replyCode: number | undefined;
  readonly enhancedStatus: EnhancedStatus | undefined;
  /** Where the answer came from, as the report names it. */
  readonly remoteMta: string | undefined;
  /** The reply of the server that refused, on one line; empty where the report quotes none. */
  readonly diagnostic: string;
  /** What the report says about this recipient in its own words, on one line. */
  readonly said: string;
};

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
  const free = readTextReport(cut.report, { own: [...mail.to, ...sendersOf(returned)], hints });
  const body = oneLine(cut.report).slice(0, MAX_SEEN);
  const kind = kindOf({
    mail,
    body,
    actions: fields.map(({ group }) => actionOf(group)),
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
  const reports =
    fields.length > 0
      ? fields.map((field) => fromFields(field, { free, hints, returnedTo }))
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

export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function partOf(mail: Mail, contentType: string): string | undefined {
  return mail.parts.find((part) => part.contentType === contentType)?.text;
}

function merged(groups: readonly FieldGroup[]): FieldGroup {
  return new Map(groups.toReversed().flatMap((group) => [...group]));
}

type RecipientFields = { readonly group: FieldGroup };

/** The per-recipient groups: of the status part, or, where a server wrote them as text, of the text. */
function reportFields(mail: Mail, report: string): readonly RecipientFields[] {
  const parts = mail.parts.filter(({ contentType }) => STATUS_PARTS.has(contentType));
  const start =
    parts.length > 0 ? -1 : report.search(/^\s{0,8}(?:Reporting-MTA|Final-Recipient|Original-Recipient):/im);
  const text =
    parts.length > 0
      ? parts.map((part) => part.text).join('\n\n')
      : start === -1
        ? ''
        : report.slice(start).replaceAll(/^\s{1,8}(?=[A-Z][\w-]{3,40}:)/gm, '');
  return joinTorn(readFieldGroups(text)).map((group) => ({ group }));
}

const ABOUT_RECIPIENT = ['final-recipient', 'original-recipient', 'action', 'status', 'diagnostic-code'];

/** Some servers put empty lines inside a recipient's group: fields without a recipient belong to the group before. */
function joinTorn(groups: readonly FieldGroup[]): readonly FieldGroup[] {
  const joined: Map<string, string>[] = [];
  for (const group of groups) {
    if (!ABOUT_RECIPIENT.some((name) => group.has(name))) continue;
    const last = joined.at(-1);
    const nameless = !group.has('final-recipient') && !group.has('original-recipient');
    const torn = last !== undefined && (nameless || (!last.has('action') && !last.has('status')));
    if (!torn) joined.push(new Map(group));
    else for (const [name, value] of group) if (!last.has(name)) last.set(name, value);
  }
  return joined;
}

function actionOf(group: FieldGroup): Action {
  const action = /[a-z]+/.exec(group.get('action')?.toLowerCase() ?? '')?.[0];
  switch (action) {
    case 'delayed':
    case 'delivered':
    case 'relayed':
    case 'expanded':
      return action;
    default: {
      // A group without an action, or with one of its own invention, is about a failure unless its status says success.
      return action === undefined && group.get('status')?.startsWith('2.') === true ? 'delivered' : 'failed';
    }
  }
}

function fromFields(
  { group }: RecipientFields,
  {
    free,
    hints,
    returnedTo,
  }: {
    readonly free: readonly { readonly recipient: string; readonly said: string }[];
    readonly hints: readonly string[];
    readonly returnedTo: string | undefined;
  },
): RecipientReport {
  const final = addressOfField(group.get('final-recipient'));
  const original = addressOfField(group.get('original-recipient'));
  const actual = addressOfField(group.get('x-actual-recipient'));
  const only = free.length === 1 ? free[0] : undefined;
  // An address of the inside, without a domain of the net, is nobody that we wrote to.
  const outer =
    final !== undefined && (original === undefined || final.includes('.', final.lastIndexOf('@'))) ? final : undefined;
  const recipient = outer ?? original ?? final ?? actual ?? hints[0] ?? only?.recipient ?? returnedTo;
  const diagnostic = oneLine(
    [group.get('diagnostic-code'), group.get('x-supplementary-info')]
      .map((value) => (value ?? '').replace(/^\s*(?!x-unix)[\w-]{1,20}\s*;\s*/i, ''))
      .join(' '),
  );
  const said =
    free.find((it) => [final, original].some((known) => known?.toLowerCase() === it.recipient.toLowerCase()))?.said ??
    only?.said ??
    '';
  return {
    recipient,
    originalRecipient: original,
    action: actionOf(group),
    ...codesOf(statusOfField(group.get('status')), [diagnostic, said]),
    remoteMta: group.get('remote-mta')?.replace(/^\s*[\w-]{1,20}\s*;\s*/, ''),
    diagnostic,
    said,
  };
}

/** Codes inside the text beat a generic status field. */
function codesOf(
  status: EnhancedStatus | undefined,
  texts: readonly string[],
): Pick<RecipientReport, 'replyCode' | 'enhancedStatus'> {
  const found = texts.map((text) => codesIn(text));
  const inText = found.find(({ enhancedStatus }) => enhancedStatus !== undefined)?.enhancedStatus;
  const enhancedStatus = isGeneric(status) ? (inText ?? status) : status;
  const replyCode = found.find(
    (codes) =>
      codes.replyCode !== undefined &&
      (enhancedStatus === undefined || String(codes.replyCode)[0] === enhancedStatus[0] || status === undefined),
  )?.replyCode;
  return { replyCode, enhancedStatus };
}

function fromFreeText({
  kind,
  free,
  body,
  from,
  returnedTo,
  feedbackGroup,
}: {
  readonly kind: MailKind;
  readonly free: readonly { readonly recipient: string; readonly said: string }[];
  readonly body: string;
  readonly from: string;
  readonly returnedTo: string | undefined;
  readonly feedbackGroup: FieldGroup | undefined;
}): readonly RecipientReport[] {
  const nothing = { originalRecipient: undefined, remoteMta: undefined, diagnostic: '' };
  switch (kind) {
    case 'failed':
    case 'delayed': {
      const action = kind;
      if (free.length === 0)
        return [{ ...nothing, recipient: returnedTo, action, ...codesOf(undefined, [body]), said: '' }];
      return free.map(({ recipient, said }) => ({
        ...nothing,
        recipient,
        action,
        ...codesOf(undefined, free.length === 1 ? [said, body] : [said]),
        said,
      }));
    }
    case 'complaint':
    case 'feedback': {
      const named =
        addressOfField(feedbackGroup?.get('original-rcpt-to')) ??
        addressOfField(feedbackGroup?.get('removal-recipient'));
      const code = { replyCode: undefined, enhancedStatus: undefined };
      return [{ ...nothing, recipient: named ?? returnedTo, action: 'delivered', ...code, said: '' }];
    }
    case 'auto-reply':
    case 'challenge':
    case 'receipt': {
      const code = { replyCode: undefined, enhancedStatus: undefined };
      return [{ ...nothing, recipient: from === '' ? undefined : from, action: 'delivered', ...code, said: '' }];
    }
    case 'delivered':
    case 'ordinary':
      return [];
  }
}
