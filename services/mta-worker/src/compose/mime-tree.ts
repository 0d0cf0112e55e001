import type { Attachment, JobContent } from '@mxflow/domain';
import type { CompiledContent } from '@mxflow/template';
import { attachmentPart } from './attachment-part.ts';
import { assemble, fixed, type Part, type Skeleton, type Stretch } from './skeleton.ts';
import { textPart } from './text-part.ts';

/**
 * The bodies of a job's messages as a skeleton:
 *
 *     mixed ─┬─ alternative ─┬─ text/plain
 *            │               └─ related ─┬─ text/html
 *            │                           └─ what the HTML shows inline
 *            └─ attachments
 *
 * where a multipart of one part is that part. What the job did not give is not made up.
 *
 * @param boundaryKey told apart from other jobs; a boundary can occur in no body, since `=_` is neither
 *   quoted-printable nor base64 (RFC 2045 §6.7).
 */
export function compileSkeleton(source: JobContent, content: CompiledContent, boundaryKey: string): Skeleton {
  const inline = content.html === undefined ? [] : content.attachments.filter(isInline);
  const attached = content.attachments.filter((attachment) => !inline.includes(attachment));
  const alternatives: Part[] = [];
  if (content.text !== undefined) alternatives.push(textPart('plain', source.text ?? '', content.text));
  if (content.html !== undefined) {
    const html = textPart('html', source.html ?? '', content.html);
    const related = [html, ...inline.map(attachmentPart)];
    alternatives.push(multipart('related; type="text/html"', related, `=_r.${boundaryKey}`));
  }
  const body = multipart('alternative', alternatives, `=_a.${boundaryKey}`);
  const whole = multipart('mixed', [body, ...attached.map(attachmentPart)], `=_m.${boundaryKey}`);
  return assemble(endWithCrlf(whole));
}

function isInline({ contentId }: Attachment): boolean {
  return contentId !== undefined;
}

function multipart(subtype: string, parts: readonly Part[], boundary: string): Part {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const body: Stretch[] = [];
  parts.forEach((part, at) => {
    body.push(fixed(`${at === 0 ? '' : '\r\n'}--${boundary}\r\n${part.fields.join('\r\n')}\r\n\r\n`), ...part.body);
  });
  body.push(fixed(`\r\n--${boundary}--\r\n`));
  return { fields: [`Content-Type: multipart/${subtype};\r\n boundary="${boundary}"`], body };
}

/** A message ends at a line's end; a text that already does gets no empty line. */
function endWithCrlf(part: Part): Part {
  const last = part.body.at(-1);
  return last?.kind === 'fixed' && last.wire.endsWith('\r\n') ? part : { ...part, body: [...part.body, fixed('\r\n')] };
}
