import { matchesMask, maskFault } from './mask.ts';

/** What a domain rule does with mail to a domain that it matches. */
export const DOMAIN_ACTIONS = ['no-mail', 'deliver'] as const;
export type DomainAction =
  /** The domain takes none: given up, or a misspelling that only traps read. Nobody is asked, the reason is Invalid domain. */
  | 'no-mail'
  /** As any other: an exception from a later rule. */
  | 'deliver';

/** What is known of recipients' domains before DNS is asked. An ordered list; the first rule that matches holds. */
export type DomainRule = {
  readonly id: string;
  /** Over recipients' domains in A-labels: `*` and `?`. */
  readonly mask: string;
  readonly action: DomainAction;
  /** Where this is known from. */
  readonly note?: string;
};

/** Domains that were given up by those who ran them. Their addresses only ever age into spam traps. */
export const DEFAULT_DOMAIN_RULES: readonly DomainRule[] = [
  { id: 'yahoo-cn', mask: 'yahoo.cn', action: 'no-mail', note: 'Yahoo ended mail in China in August 2013' },
  { id: 'yahoo-com-cn', mask: 'yahoo.com.cn', action: 'no-mail', note: 'Yahoo ended mail in China in August 2013' },
  { id: 'voila-fr', mask: 'voila.fr', action: 'no-mail', note: 'Orange ended Voila in January 2016' },
];

/** The rule that holds for a domain; `undefined` where none does. */
export function domainRuleFor(rules: readonly DomainRule[], domain: string): DomainRule | undefined {
  return rules.find(({ mask }) => matchesMask(mask, domain));
}

/**
 * What is wrong with a rule's mask, as `expected …` reads it; `undefined` where nothing. A rule that stops mail must name
 * its domains: `*`, or all of a top-level domain, would stop a campaign.
 */
export function domainMaskFault({ mask, action }: Pick<DomainRule, 'mask' | 'action'>): string | undefined {
  const fault = maskFault(mask);
  if (fault !== undefined) return fault;
  const registered = mask.split('.').slice(-2);
  const isNamed = registered.length === 2 && registered.every((label) => !/[*?]/.test(label));
  return action === 'deliver' || isNamed ? undefined : 'a mask whose last two labels are written out: *.example.com';
}
