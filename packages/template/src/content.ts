import { Buffer } from 'node:buffer';

import type { Attachment, JobContent } from '@mxflow/domain';
import { refuseAttachment } from './attachment.ts';
import { refuseHeaderName } from './header-name.ts';
import type { Escape } from './printable.ts';
import { compileTemplate, type Template } from './template.ts';

/** Octets of a subject once merged: what fits on one line (RFC 5322 §2.1.1) before it is encoded. */
export const MAX_SUBJECT_OCTETS = 998;
/** Octets of a job's own header once merged. */
export const MAX_HEADER_OCTETS = 8000;

/** Octets of a header's template: logic takes more room than what comes of it. */
const MAX_LINE_SOURCE_OCTETS = 16_000;

export type CompiledHeader = { readonly name: string; readonly template: Template };

/** Everything of a job's content that was text, ready to merge. At least one of `html` and `text` is there. */
export type CompiledContent = {
  readonly subject: Template;
  readonly html: Template | undefined;
  readonly text: Template | undefined;
  readonly headers: readonly CompiledHeader[];
  readonly attachments: readonly Attachment[];
};

/** `pointer`: RFC 6901, from the content's root. */
export type ContentFault = { readonly kind: 'invalid'; readonly because: string; readonly pointer: string };

export type ContentResult = { readonly kind: 'compiled'; readonly content: CompiledContent } | ContentFault;

/**
 * Compiles what a job sends. Whoever accepts a job and whoever sends it ask here, so that nothing is accepted
 * that could not be composed for any recipient.
 */
export function compileContent(content: JobContent): ContentResult {
  const { html, text, attachments = [] } = content;
  if (html === undefined && text === undefined) return invalid('html or text was expected, neither was found', '');
  const subject = compileLine(content.subject, '/subject', MAX_SUBJECT_OCTETS);
  if (subject.kind === 'invalid') return subject;
  const body = { html: optional(html, '/html', 'html'), text: optional(text, '/text', 'none') };
  if (body.html?.kind === 'invalid') return body.html;
  if (body.text?.kind === 'invalid') return body.text;
  const headers = compileHeaders(content.headers ?? {});
  if ('kind' in headers) return headers;
  const fault = firstAttachmentFault(attachments);
  if (fault !== undefined) return fault;
  return {
    kind: 'compiled',
    content: {
      subject: subject.template,
      html: body.html?.template,
      text: body.text?.template,
      headers,
      attachments,
    },
  };
}

type Part = { readonly kind: 'compiled'; readonly template: Template } | ContentFault;

function optional(source: string | undefined, pointer: string, escape: Escape): Part | undefined {
  return source === undefined ? undefined : compilePart(source, pointer, escape);
}

function compilePart(source: string, pointer: string, escape: Escape): Part {
  const result = compileTemplate(source, { escape });
  if (result.kind === 'compiled') return result;
  const { because, line, column } = result;
  return invalid(line === undefined ? because : `${because} (line ${line}, column ${column})`, pointer);
}

/** A header's value is one line, as source and as merged. One that is never merged can be measured at once. */
function compileLine(source: string, pointer: string, maxOctets: number): Part {
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(source)) {
    return invalid('a line without control characters was expected', pointer);
  }
  const part = compilePart(source, pointer, 'none');
  if (part.kind === 'invalid') return part;
  const isFixed = part.template.segments?.every(({ kind }) => kind === 'fixed') === true;
  const limit = isFixed ? maxOctets : MAX_LINE_SOURCE_OCTETS;
  return Buffer.byteLength(source) > limit ? invalid(`at most ${limit} octets were expected`, pointer) : part;
}

function compileHeaders(headers: Readonly<Record<string, string>>): readonly CompiledHeader[] | ContentFault {
  const compiled: CompiledHeader[] = [];
  const seen = new Set<string>();
  for (const [name, source] of Object.entries(headers)) {
    const pointer = `/headers/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const refused = seen.has(name.toLowerCase()) ? `the header ${name} stands twice` : refuseHeaderName(name);
    if (refused !== undefined) return invalid(refused, pointer);
    seen.add(name.toLowerCase());
    const value = compileLine(source, pointer, MAX_HEADER_OCTETS);
    if (value.kind === 'invalid') return value;
    compiled.push({ name, template: value.template });
  }
  return compiled;
}

function firstAttachmentFault(attachments: readonly Attachment[]): ContentFault | undefined {
  for (const [at, attachment] of attachments.entries()) {
    const fault = refuseAttachment(attachment);
    if (fault !== undefined) return invalid(fault.because, `/attachments/${at}/${fault.member}`);
  }
  return undefined;
}

function invalid(because: string, pointer: string): ContentFault {
  return { kind: 'invalid', because, pointer };
}
