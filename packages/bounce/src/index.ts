export { classifyMail, type ClassifiedMail, type ClassifiedRecipient } from './classify-mail.ts';
export { classifyReply, type ClassifiedReply, type ReplyContext } from './classify-reply.ts';
export {
  compileRules,
  compileRulesInSlices,
  countRuns,
  faultsInSlices,
  faultsOf,
  type CompiledRules,
  type RuleFault,
} from './compile-rules.ts';
export { explain, type Because, type Decision } from './decision.ts';
export type { RefusedCommand } from './quoted-reply.ts';
export { DEFAULT_RULES } from './default-rules/index.ts';
export type { Action } from './recipient-report.ts';
export type { MailKind } from './mail-kind.ts';
export { normaliseText, suggestPattern, withoutRecipient } from './unmatched-text.ts';
export { suggestRule, takesText } from './suggest-rule.ts';
export { lintBounceRules, type BounceRuleFinding } from './lint-bounce-rules.ts';
export { faultsOfRule } from './rule-check.ts';
export { type BounceRuleFault } from './rule-words.ts';
