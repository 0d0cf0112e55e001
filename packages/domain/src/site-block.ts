import { isGreylisting, type AttemptResult, type Classification } from './disposition.ts';
import { DEFAULT_SITE_BLOCK, type SiteBlock } from './mx-rule.ts';

/** What an attempt says about a site: that it takes our mail, that it does not, or (`undefined`) neither. */
export type SiteVerdict = 'taken' | 'failed' | undefined;

/**
 * Decides what an attempt counts for in the block of its site. Only failures for reasons of the source or the site
 * count as such. An address that is unknown, full or inactive says nothing about the site, nor does a domain without
 * mail, a message that could not be composed, or greylisting, which every new sender meets.
 */
export function siteVerdict(result: AttemptResult, { reason }: Classification): SiteVerdict {
  switch (result.kind) {
    case 'accepted':
      return 'taken';
    case 'unreachable':
    case 'in-doubt':
      return 'failed';
    case 'invalid-domain':
    case 'unsendable':
      return undefined;
    case 'refused':
      if (isGreylisting(result.reply)) return undefined;
      if (reason === 'not-defined') return ABOUT_THE_SENDER.has(result.reply.code) ? 'failed' : undefined;
      return reason === 'refused' || reason === 'unreachable' ? 'failed' : undefined;
  }
}

/**
 * Reply codes that are not about a mailbox (RFC 5321 §4.2.3), for replies whose text nobody knows: service not
 * available, local error, transaction failed. 450, 452 and 550–553 may well be about the address.
 */
const ABOUT_THE_SENDER: ReadonlySet<number> = new Set([421, 451, 554]);

/** What was counted at a site over the last 60 minutes, over all workers. */
export type SiteHour = { readonly messages: number; readonly failures: number };

/** Whether a site is to be blocked. Fewer messages than the rule asks for never block, however many of them failed. */
export function isToBeBlocked({ messages, failures }: SiteHour, block: SiteBlock = DEFAULT_SITE_BLOCK): boolean {
  return messages >= block.messages && failures * 100 >= messages * block.failurePercent;
}
