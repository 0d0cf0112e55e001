export { classifyMail, type ClassifiedMail, type ClassifiedRecipient } from './classify-mail.ts';
export { classifyReply, type ClassifiedReply, type ReplyContext } from './classify-reply.ts';
export { compileRules, faultsOf, type CompiledRules, type RuleFault } from './compile-rules.ts';
export { explain, type Because, type Decision } from './decision.ts';
export type { RefusedCommand } from './quoted-reply.ts';
export { DEFAULT_RULES } from './default-rules/index.ts';
export type { Action } from './evidence.ts';
export type { MailKind } from './mail-kind.ts';
export { normaliseText, suggestPattern } from './unmatched-text.ts';
