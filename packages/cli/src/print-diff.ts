import type { RuleSetDiff } from '@mxflow/contracts';

const LISTS = {
  mxRules: 'MX rule',
  bounceRules: 'bounce rule',
  feedbackRules: 'feedback rule',
  domainRules: 'domain rule',
  policies: 'policy',
} as const satisfies Record<keyof RuleSetDiff, string>;

/** A line for each thing that differs between two rule sets; `none` where nothing does. */
export function printDiff(diff: RuleSetDiff, none = 'no difference'): void {
  const lines = Object.entries(LISTS).flatMap(([list, name]) => {
    const { added, removed, changed, reordered } = diff[list as keyof RuleSetDiff];
    return [
      ...removed.map((id) => `- ${name} ${id}`),
      ...added.map((id) => `+ ${name} ${id}`),
      ...changed.flatMap(({ id, fields }) =>
        fields.map(({ pointer, before, after }) => `~ ${name} ${id} ${pointer}: ${words(before)} -> ${words(after)}`),
      ),
      ...(reordered ? [`~ ${name}s stand in another order`] : []),
    ];
  });
  process.stdout.write(`${lines.join('\n') || none}\n`);
}

function words(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
