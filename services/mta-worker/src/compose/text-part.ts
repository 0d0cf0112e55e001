import { Buffer } from 'node:buffer';

import type { Segment, Template } from '@mxflow/template';
import { encodeTextBase64 } from './base64-lines.ts';
import { encodeQuotedPrintable } from './quoted-printable.ts';
import { fixed, type Part, type Stretch } from './skeleton.ts';

const SOFT_BREAK = '=\r\n';
/** Above this share of octets beyond ASCII base64 is the shorter encoding. */
const BASE64_SHARE = 0.18;

/** A text/plain or text/html part from its template. Its body has no CRLF at the end of its own. */
export function textPart(subtype: 'plain' | 'html', source: string, template: Template): Part {
  const encoding = wantsBase64(source) ? 'base64' : 'quoted-printable';
  return {
    fields: [`Content-Type: text/${subtype}; charset=utf-8`, `Content-Transfer-Encoding: ${encoding}`],
    body: encoding === 'base64' ? whole(template, encodeTextBase64) : quotedPrintable(template),
  };
}

function wantsBase64(source: string): boolean {
  const octets = Buffer.byteLength(source, 'utf8');
  // eslint-disable-next-line no-control-regex -- the whole of ASCII is meant
  const beyondAscii = octets - source.replace(/[^\u0000-\u007f]/gu, '').length;
  return octets > 0 && beyondAscii / octets > BASE64_SHARE;
}

/** The segments each encoded for itself where the template has no logic; else all of it per message. */
function quotedPrintable(template: Template): readonly Stretch[] {
  if (template.segments === undefined) return whole(template, encodeQuotedPrintable);
  return template.segments.flatMap((segment, at, segments) =>
    encodeSegment(segment, segments[at - 1], segments[at + 1]),
  );
}

/**
 * Every merged value stands on lines of its own, between soft breaks that no reader sees: so neither its length nor
 * its characters change how the fixed text around it is encoded.
 */
function encodeSegment(segment: Segment, before: Segment | undefined, after: Segment | undefined): readonly Stretch[] {
  if (segment.kind === 'fixed') {
    const encoded = encodeQuotedPrintable(segment.text);
    const opening = before === undefined || encoded.startsWith('\r\n') ? '' : SOFT_BREAK;
    const closing = after === undefined || encoded.endsWith('\r\n') ? '' : SOFT_BREAK;
    // The opening break ends the line before: the encoded text still begins one.
    return [fixed(opening + encoded + closing)];
  }
  const merged: Stretch = { kind: 'merged', merge: segment.merge, encode: encodeQuotedPrintable };
  return after?.kind === 'slot' ? [merged, fixed(SOFT_BREAK)] : [merged];
}

function whole(template: Template, encode: (text: string) => string): readonly Stretch[] {
  if (template.segments?.every((segment) => segment.kind === 'fixed') === true) {
    return template.segments.map((segment) => fixed(segment.kind === 'fixed' ? encode(segment.text) : ''));
  }
  return [{ kind: 'merged', merge: template.render, encode }];
}
