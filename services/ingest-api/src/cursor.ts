import { ProblemError } from './problem.ts';

/** Where a page ends, opaque to the caller: `next` of one page is `cursor` of the following. */
export function encodeCursor(id: string): string {
  return Buffer.from(`after:${id}`).toString('base64url');
}

/** The id that a cursor holds; anything else than what was given out is refused. */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const id = /^after:([1-9]\d{0,17})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1];
  if (id !== undefined) return id;
  throw new ProblemError('invalid', {
    faults: [{ pointer: '/cursor', expected: 'the `next` of an earlier page', found: 'something else' }],
  });
}
