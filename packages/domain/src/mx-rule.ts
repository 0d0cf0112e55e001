import type { Level } from './level.ts';
import { matchesMask } from './mask.ts';
import { containsPublicId } from './public-ids.ts';

/** The three limits of one rule at one level; each at least 1. */
export type Limits = {
  /** Open connections at once within the scope, those still connecting included. */
  readonly maxConnections: number;
  /** Messages on one connection; then QUIT and a new one. */
  readonly maxMessagesPerConnection: number;
  /** Messages within the scope over any sliding 60 minutes. */
  readonly messagesPerHour: number;
};

export const LIMIT_FIELDS = [
  'maxConnections',
  'maxMessagesPerConnection',
  'messagesPerHour',
] as const satisfies readonly (keyof Limits)[];

/** Largest figure of a limit: more is no limit but a slip of the keyboard. */
export const MAX_LIMIT = 100_000_000;

export type RuleTls = 'default' | 'disabled' | 'opportunistic' | 'required';
export const RULE_TLS = ['default', 'disabled', 'opportunistic', 'required'] as const satisfies readonly RuleTls[];

/** Who brought a rule: the bundled set, a sync, or an operator here. */
export type RuleOrigin = 'bundled' | 'pulled' | 'local';

/** When a whole site is blocked: of at least `messages` in the last hour, `failurePercent` failed for its reasons. */
export type SiteBlock = { readonly messages: number; readonly failurePercent: number; readonly hours: number };

export const DEFAULT_SITE_BLOCK: SiteBlock = { messages: 300, failurePercent: 90, hours: 3 };

/** Limits for the MX hosts that a mask matches. */
export type MxRule = {
  readonly id: string;
  /** Over MX host names. */
  readonly mask: string;
  /** The sources that it holds for: empty for all, else `1`, `3-7` or a list of those. */
  readonly publicIds: string;
  /** True: counted a source over all MX IPs that the rule matches. False: each MX IP counts alone. */
  readonly shared: boolean;
  readonly limits: Readonly<Partial<Record<Level, Limits>>>;
  readonly connectTimeoutSeconds: number;
  /** From the end of a content to its reply. */
  readonly dataTimeoutSeconds: number;
  readonly timeoutSeconds: number;
  /** A domain's own policy (MTA-STS, DANE) can only raise it. */
  readonly tls: RuleTls;
  readonly block?: SiteBlock;
  readonly origin: RuleOrigin;
  /** Where the figures come from. */
  readonly note?: string;
};

/** Id and mask of the last rule. */
export const ANY_RULE_ID = 'any';
export const ANY_MASK = '*';

/** The rule set lacks the rule that takes everything, or a level of a rule: nothing may be sent by guesswork. */
export class RuleSetError extends Error {
  override readonly name = 'RuleSetError';
  readonly code = 'MXFLOW_RULE_SET';
}

/** The rule that holds for a source at an MX host: the first that matches both. Total, since the last is `*`. */
export function firstMatch(rules: readonly MxRule[], mxHost: string, publicId: number): MxRule {
  return found(
    rules.find((rule) => matchesMask(rule.mask, mxHost) && containsPublicId(rule.publicIds, publicId)),
    mxHost,
  );
}

/** The first rule whose mask matches, whatever source sends: what lanes are named by. */
export function firstMatchAnySource(rules: readonly MxRule[], mxHost: string): MxRule {
  return found(
    rules.find((rule) => matchesMask(rule.mask, mxHost)),
    mxHost,
  );
}

/** The limits of a rule at a level. Throws where the level is missing: a limit left out is never "no limit". */
export function limitsAt(rule: MxRule, level: Level): Limits {
  const limits = rule.limits[level];
  if (limits === undefined) throw new RuleSetError(`rule ${rule.id}: expected limits at level ${level}, found none`);
  return limits;
}

function found(rule: MxRule | undefined, mxHost: string): MxRule {
  if (rule === undefined) throw new RuleSetError(`expected a last rule with mask *, found none that matches ${mxHost}`);
  return rule;
}
