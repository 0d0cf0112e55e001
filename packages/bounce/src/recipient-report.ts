import type { EnhancedStatus } from '@mxflow/domain';

import { addressOfField } from './addresses.ts';
import { codesIn, isGeneric, statusOfField } from './codes.ts';
import type { MailKind } from './mail-kind.ts';
import type { FieldGroup } from './report-fields.ts';
import type { TextReport } from './text-report.ts';

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

/** A text without its line ends and runs of spaces. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** The action of a group of fields (RFC 3464 §2.3.3). */
export function actionOf(group: FieldGroup): Action {
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

/** What the rest of a mail knows of recipients. */
export type Surroundings = {
  /** What the text says of each, by its address in lower case. */
  readonly said: ReadonlyMap<string, string>;
  /** The only recipient of the text. */
  readonly only: TextReport | undefined;
  readonly hints: readonly string[];
  readonly returnedTo: string | undefined;
};

/** An address whose domain has a top level that the name service of the net may know (RFC 6762 §3, RFC 9476). */
const OF_THE_NET =
  /@(?:[^.@]*\.)+(?!(?:local|localdomain|localhost|lan|home|corp|intern|internal|intranet|private|alt)$)[^.@]+$/i;

/** A recipient by the fields of a delivery status. */
export function fromFields(
  group: FieldGroup,
  { said: saidOf, only, hints, returnedTo }: Surroundings,
): RecipientReport {
  const final = addressOfField(group.get('final-recipient'));
  const original = addressOfField(group.get('original-recipient'));
  const actual = addressOfField(group.get('x-actual-recipient'));
  // An address of the inside, without a domain of the net, is nobody that we wrote to.
  const outer = original === undefined || (final !== undefined && OF_THE_NET.test(final)) ? final : undefined;
  const recipient = outer ?? original ?? final ?? actual ?? hints[0] ?? only?.recipient ?? returnedTo;
  const diagnostic = oneLine(
    [group.get('diagnostic-code'), group.get('x-supplementary-info')]
      .map((value) => (value ?? '').replace(/^\s*(?!x-unix)[\w-]{1,20}\s*;\s*/i, ''))
      .join(' '),
  );
  const said = saidOf.get(final?.toLowerCase() ?? '') ?? saidOf.get(original?.toLowerCase() ?? '') ?? only?.said ?? '';
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

/** Recipients of a mail that has no delivery status. */
export function fromFreeText({
  kind,
  free,
  body,
  from,
  returnedTo,
  feedbackGroup,
}: {
  readonly kind: MailKind;
  readonly free: readonly TextReport[];
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
