import { ProblemError } from './problem.ts';

/** Where a page ends, opaque to the caller: `next` of one page is `cursor` of the following. */
export function encodeCursor(place: string): string {
  return Buffer.from(`after:${place}`).toString('base64url');
}

const ID = /^[1-9]\d{0,17}$/;

/** The place that a cursor holds, an id as a rule; anything else than what was given out is refused. */
export function decodeCursor(cursor: string | undefined, shape = ID): string | undefined {
  if (cursor === undefined) return undefined;
  const place = /^after:(.*)$/s.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  if (place !== undefined && shape.test(place)) return place;
  throw new ProblemError('invalid', {
    faults: [{ pointer: '/cursor', expected: 'the `next` of an earlier page', found: 'something else' }],
  });
}
