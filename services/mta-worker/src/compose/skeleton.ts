import { Buffer } from 'node:buffer';

import type { Rendering, Variables } from '@mxflow/template';
import { relaxBody, relaxBodyEnd } from './relaxed-form.ts';

/** One stretch of a body, US-ASCII with CRLF line ends, that begins at the start of a line. */
export type Stretch =
  | { readonly kind: 'fixed'; readonly wire: string; readonly relaxed: string }
  | {
      readonly kind: 'merged';
      readonly merge: (variables: Variables) => Rendering;
      readonly encode: (text: string) => string;
    };

/** A job's message bodies: encoded once, but for what is merged. */
export type Skeleton = {
  /** Content fields of the message itself, each without CRLF. */
  readonly fields: readonly string[];
  readonly stretches: readonly Stretch[];
  /** What stands behind the last stretch: attachments, and the boundary that closes them. The relaxed form is that of a body's end. */
  readonly tail: { readonly wire: Buffer; readonly relaxed: Buffer };
};

/** A MIME part before its place is known: its content fields and its body. */
export type Part = { readonly fields: readonly string[]; readonly body: readonly Stretch[] };

export function fixed(wire: string): Stretch {
  return { kind: 'fixed', wire, relaxed: relaxBody(wire) };
}

/** Puts fixed stretches that touch into one, and the last of them apart as the tail. */
export function assemble(part: Part): Skeleton {
  const stretches: Stretch[] = [];
  for (const stretch of part.body) {
    const before = stretches.at(-1);
    if (stretch.kind === 'fixed' && before?.kind === 'fixed') {
      stretches[stretches.length - 1] = {
        kind: 'fixed',
        wire: before.wire + stretch.wire,
        relaxed: before.relaxed + stretch.relaxed,
      };
    } else stretches.push(stretch);
  }
  const last = stretches.at(-1);
  if (last?.kind !== 'fixed') return { fields: part.fields, stretches, tail: { wire: EMPTY, relaxed: EMPTY } };
  const wire = Buffer.from(last.wire, 'latin1');
  const relaxedEnd = relaxBodyEnd(last.relaxed);
  const relaxed = relaxedEnd === last.wire ? wire : Buffer.from(relaxedEnd, 'latin1');
  return { fields: part.fields, stretches: stretches.slice(0, -1), tail: { wire, relaxed } };
}

const EMPTY = Buffer.alloc(0);
