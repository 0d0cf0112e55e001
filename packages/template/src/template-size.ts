/** Characters of one template. */
export const MAX_TEMPLATE_LENGTH = 1_000_000;
/** Outputs and tags of one template: the engine's time to parse grows faster than their number. */
const MAX_MARKS = 2000;
/** Characters of one output or tag. */
const MAX_MARK_LENGTH = 4000;

/** Says why a template is too big to be parsed within a fraction of a second; `undefined` where it is not. Linear. */
export function refuseSize(source: string): string | undefined {
  if (source.length > MAX_TEMPLATE_LENGTH) return `at most ${MAX_TEMPLATE_LENGTH} characters were expected`;
  const openings = /\{[{%]/g;
  let marks = 0;
  for (let match = openings.exec(source); match !== null; match = openings.exec(source)) {
    const close = source.indexOf(match[0] === '{{' ? '}}' : '%}', match.index);
    // Never closed: the engine says so better.
    if (close === -1) return undefined;
    if (close - match.index > MAX_MARK_LENGTH) return `an output or tag has more than ${MAX_MARK_LENGTH} characters`;
    marks += 1;
    if (marks > MAX_MARKS) return `more than ${MAX_MARKS} outputs and tags`;
    openings.lastIndex = close + 2;
  }
  return undefined;
}
