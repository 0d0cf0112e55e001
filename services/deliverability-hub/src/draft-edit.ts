import type { RuleSetContent } from '@mxflow/contracts';

/** The lists of a rule set as paths name them, each with the schema of one of its rules. */
export const DRAFT_LISTS = [
  { path: 'mx-rules', field: 'mxRules' },
  { path: 'bounce-rules', field: 'bounceRules' },
  { path: 'feedback-rules', field: 'feedbackRules' },
  { path: 'domain-rules', field: 'domainRules' },
  { path: 'policies', field: 'policies' },
] as const;
export type DraftField = (typeof DRAFT_LISTS)[number]['field'];

/** One rule of any list. A policy goes by its reason. */
export type DraftRule = { readonly [name: string]: unknown };

/** What is done to one list of a draft. */
export type DraftEdit =
  /** A new rule stands before the one named, else first; another version of a rule stays where that one stood. */
  | { readonly kind: 'put'; readonly rule: DraftRule; readonly before?: string | undefined }
  | { readonly kind: 'delete'; readonly id: string }
  /** Every id of the list once, in the order wanted. */
  | { readonly kind: 'order'; readonly ids: readonly string[] };

export type EditedDraft =
  | { readonly kind: 'edited'; readonly content: RuleSetContent }
  /** There is no rule of that name. */
  | { readonly kind: 'unknown' }
  /** The order leaves rules out, or names others. */
  | { readonly kind: 'other-list' };

/** Applies an edit to one list of a draft. Pure; whether the rules hold is for the check of the whole to say. */
export function editDraft(content: RuleSetContent, field: DraftField, edit: DraftEdit): EditedDraft {
  const rules: readonly DraftRule[] = content[field];
  const changed = applyEdit(rules, edit);
  return 'kind' in changed ? changed : { kind: 'edited', content: { ...content, [field]: changed.rules } };
}

type Applied = { readonly rules: readonly DraftRule[] } | Exclude<EditedDraft, { readonly kind: 'edited' }>;

function applyEdit(rules: readonly DraftRule[], edit: DraftEdit): Applied {
  switch (edit.kind) {
    case 'put':
      return put(rules, edit.rule, edit.before);
    case 'delete': {
      const kept = rules.filter((rule) => nameOf(rule) !== edit.id);
      return kept.length < rules.length ? { rules: kept } : { kind: 'unknown' };
    }
    case 'order': {
      const wanted = edit.ids
        .map((id) => rules.find((rule) => nameOf(rule) === id))
        .filter((rule) => rule !== undefined);
      const isSame = wanted.length === rules.length && new Set(wanted).size === rules.length;
      return isSame && edit.ids.length === rules.length ? { rules: wanted } : { kind: 'other-list' };
    }
  }
}

function put(rules: readonly DraftRule[], rule: DraftRule, before: string | undefined): Applied {
  const name = nameOf(rule);
  const stays = rules.some((each) => nameOf(each) === name) && (before === undefined || before === name);
  if (stays) return { rules: rules.map((each) => (nameOf(each) === name ? rule : each)) };
  const others = rules.filter((each) => nameOf(each) !== name);
  const at = before === undefined ? 0 : others.findIndex((each) => nameOf(each) === before);
  return at < 0 ? { kind: 'unknown' } : { rules: others.toSpliced(at, 0, rule) };
}

/** What a rule goes by within its list. */
export function nameOf(rule: DraftRule): unknown {
  return rule['id'] ?? rule['reason'];
}
