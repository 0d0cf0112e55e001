import type { Variables } from '@mxflow/template';
import { relaxBody } from './relaxed-form.ts';
import type { Skeleton } from './skeleton.ts';

/** Octets that a message's body may have once it is merged and encoded, attachments included. */
const MAX_BODY_OCTETS = 10_000_000;

/** A body but for the skeleton's tail, as it goes out and in its relaxed form. */
export type MergedBody =
  | { readonly kind: 'merged'; readonly wire: string; readonly relaxed: string }
  | { readonly kind: 'unsendable'; readonly because: string };

export function mergeBody({ stretches, tail }: Skeleton, variables: Variables): MergedBody {
  let wire = '';
  let relaxed = '';
  for (const stretch of stretches) {
    if (stretch.kind === 'fixed') {
      wire += stretch.wire;
      relaxed += stretch.relaxed;
      continue;
    }
    const merged = stretch.merge(variables);
    if (merged.kind !== 'rendered') return { kind: 'unsendable', because: mergeFault(merged) };
    const encoded = stretch.encode(merged.text);
    wire += encoded;
    relaxed += relaxBody(encoded);
    if (wire.length + tail.wire.length > MAX_BODY_OCTETS) {
      return { kind: 'unsendable', because: `the merged message is longer than ${MAX_BODY_OCTETS} octets` };
    }
  }
  return { kind: 'merged', wire, relaxed };
}

/** Why a template could not be merged, in the words that the delivery log keeps. */
export function mergeFault(
  fault:
    | { readonly kind: 'missing'; readonly variable: string }
    | { readonly kind: 'failed'; readonly because: string },
): string {
  return fault.kind === 'missing'
    ? `variable ${fault.variable} is missing and has no default`
    : `template: ${fault.because}`;
}
