import { Buffer } from 'node:buffer';

import { encodeVerp, type Mailbox, type MessageId } from '@mxflow/domain';
import {
  MAX_HEADER_OCTETS,
  MAX_SUBJECT_OCTETS,
  type CompiledContent,
  type Template,
  type Variables,
} from '@mxflow/template';
import { readMailbox } from './address-field.ts';
import { dateText } from './date-field.ts';
import { createDkimSigner } from './dkim.ts';
import { breaksLine, unstructuredField } from './header-field.ts';
import type { DkimKey, Instance } from './instance.ts';
import { identityFields } from './job-headers.ts';
import { mergeBody, mergeFault } from './merge-body.ts';
import { relaxField } from './relaxed-form.ts';
import type { Skeleton } from './skeleton.ts';

export type MessageToCompose = {
  readonly messageId: MessageId;
  /** From 1. Nothing in the message tells it: two copies of one message carry one Message-ID. */
  readonly attempt: number;
  readonly address: string;
  readonly variables: Variables;
  /** Epoch milliseconds: Date, the day of the return-path and the signature's time. */
  readonly now: number;
};

export type ComposedMessage =
  | {
      readonly kind: 'composed';
      readonly reversePath: string;
      readonly forwardPath: string;
      /** Lines of at most 998 octets that end in CRLF; 7-bit unless `smtpUtf8`, and then but for addresses. */
      readonly content: Buffer;
      /** A local part holds more than US-ASCII (RFC 6531). */
      readonly smtpUtf8: boolean;
    }
  /** This recipient alone gets nothing, and no retry can help. */
  | { readonly kind: 'unsendable'; readonly because: string };

export type ComposerParts = {
  readonly instance: Instance;
  readonly returnPathDomain: string;
  readonly keys: readonly DkimKey[];
  readonly content: CompiledContent;
  readonly skeleton: Skeleton;
  /** The same in every message, each without CRLF. */
  readonly fixedFields: readonly string[];
  readonly smtpUtf8: boolean;
};

const DAY_MS = 86_400_000;

/** The fields that differ between messages, in the order in which they stand and are signed. */
const MERGED_FIELDS = ['to', 'subject', 'date', 'message-id', 'list-unsubscribe'];

export function createComposer(
  parts: ComposerParts,
): (message: MessageToCompose) => ComposedMessage | Promise<ComposedMessage> {
  const { instance, returnPathDomain, content, skeleton, fixedFields } = parts;
  const fixedHead = fixedFields.map((line) => `${line}\r\n`).join('');
  const relaxedFixed = fixedFields.map((line) => `${relaxField(line)}\r\n`).join('');
  const sign = createDkimSigner(parts.keys, [...MERGED_FIELDS, ...fixedFields.map(fieldName)]);
  const subjectField = fieldMerger('Subject', content.subject, MAX_SUBJECT_OCTETS);
  const customFields = content.headers.map(({ name, template }) => fieldMerger(name, template, MAX_HEADER_OCTETS));

  return ({ messageId, address, variables, now }) => {
    const mailbox = readMailbox(address);
    if (mailbox === undefined) return unsendable('To: the recipient is not a mailbox');
    const subject = subjectField(variables);
    if (subject.kind === 'unsendable') return subject;
    let custom = '';
    for (const merge of customFields) {
      const field = merge(variables);
      if (field.kind === 'unsendable') return field;
      custom += `${field.line}\r\n`;
    }
    const body = mergeBody(skeleton, variables);
    if (body.kind === 'unsendable') return body;

    const day = Math.floor(now / DAY_MS);
    const reversePath = `${encodeVerp({ messageId, day }, instance.keyId, instance.mac)}@${returnPathDomain}`;
    const merged = mergedHead({
      mailbox,
      subject,
      now,
      identity: identityFields(messageId, returnPathDomain, instance),
    });
    const smtpUtf8 = parts.smtpUtf8 || mailbox.needsSmtpUtf8;
    const complete = (signatures: string): ComposedMessage => {
      const text = `${signatures}${merged.wire}${fixedHead}${custom}\r\n${body.wire}`;
      return {
        kind: 'composed',
        reversePath,
        forwardPath: mailbox.address,
        content: joinOctets(text, skeleton.tail.wire, smtpUtf8),
        smtpUtf8,
      };
    };
    if (sign === undefined) return complete('');
    const relaxedFields = merged.relaxed + relaxedFixed;
    const signatures = sign({ relaxedFields, relaxedBody: body.relaxed, relaxedTail: skeleton.tail.relaxed, now });
    return typeof signatures === 'string' ? complete(signatures) : signatures.then(complete);
  };
}

type MergedField = { readonly kind: 'field'; readonly line: string; readonly relaxed: string };
type Unsendable = { readonly kind: 'unsendable'; readonly because: string };

/** Merges one header's value. A value of one template that never changes is merged once. */
function fieldMerger(
  name: string,
  template: Template,
  maxOctets: number,
): (variables: Variables) => MergedField | Unsendable {
  const merge = (variables: Variables): MergedField | Unsendable => {
    const merged = template.render(variables);
    if (merged.kind !== 'rendered') return unsendable(`${name}: ${mergeFault(merged)}`);
    if (breaksLine(merged.text))
      return unsendable(`${name}: the merged value holds a line break or a control character`);
    if (Buffer.byteLength(merged.text) > maxOctets)
      return unsendable(`${name}: the merged value is longer than ${maxOctets} octets`);
    const line = unstructuredField(name, merged.text);
    return { kind: 'field', line, relaxed: relaxField(line) };
  };
  const isFixed = template.segments?.every(({ kind }) => kind === 'fixed') === true;
  if (!isFixed) return merge;
  const once = merge({});
  return () => once;
}

/** The merged fields, in the order of `MERGED_FIELDS`. */
function mergedHead(parts: {
  readonly mailbox: Mailbox;
  readonly subject: MergedField;
  readonly now: number;
  readonly identity: ReturnType<typeof identityFields>;
}): { readonly wire: string; readonly relaxed: string } {
  const { mailbox, subject, identity } = parts;
  const date = dateText(parts.now);
  const to = `To: ${mailbox.address}`;
  const { messageId, unsubscribe } = identity;
  return {
    wire: `${to}\r\n${subject.line}\r\nDate: ${date}\r\nMessage-ID: ${messageId}\r\nList-Unsubscribe: ${unsubscribe.join(',\r\n ')}\r\n`,
    relaxed: `${relaxField(to)}\r\n${subject.relaxed}\r\ndate:${date}\r\nmessage-id:${messageId}\r\nlist-unsubscribe:${unsubscribe.join(', ')}\r\n`,
  };
}

function fieldName(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase();
}

function joinOctets(text: string, tail: Buffer, smtpUtf8: boolean): Buffer {
  const encoding = smtpUtf8 ? 'utf8' : 'latin1';
  const length = smtpUtf8 ? Buffer.byteLength(text) : text.length;
  const octets = Buffer.allocUnsafe(length + tail.length);
  octets.write(text, 0, length, encoding);
  tail.copy(octets, length);
  return octets;
}

function unsendable(because: string): Unsendable {
  return { kind: 'unsendable', because };
}
