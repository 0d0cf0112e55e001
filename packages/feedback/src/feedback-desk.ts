import {
  listFeedbackRules,
  noteFeedback,
  readReadingVersion,
  readRuleSet,
  seedFeedbackRules,
  type Database,
  type FeedbackHit,
  type ImposedHold,
} from '@mxflow/db';
import { firstMatch, groupKey, type MxRule } from '@mxflow/domain';
import { feedbackMetrics, type Logger, type Meter } from '@mxflow/telemetry';

import { DEFAULT_FEEDBACK_RULES } from './default-rules.ts';
import { compileFeedback, feedbackFaults, type MatchFeedback } from './match-feedback.ts';

/** A reply of a provider, to a message or to a connection. */
export type HeardReply = {
  readonly publicId: number;
  readonly mxHost: string;
  readonly siteId: number;
  /** Id of the MX rule by which was sent; found by host and source where left out. */
  readonly ruleId?: string;
  /** Code and text, as `replyText` writes it. */
  readonly reply: string;
};

/** Where replies are held against the feedback rules. */
export type FeedbackDesk = {
  /** Whether a reply calls for anything; without any effect. */
  matches(reply: string, mxHost: string): Promise<string | undefined>;
  /** Counts replies and imposes holds where a threshold is met. Never throws: feedback is lost rather than mail. */
  note(replies: readonly HeardReply[]): Promise<readonly ImposedHold[]>;
};

export type FeedbackDeskOptions = {
  readonly database: Database;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Monotonic ms. */
  readonly now?: () => number;
};

/** After so long is asked whether an operator has changed a feedback rule: every process goes by it within seconds. */
const ASK_AGAIN_MS = 2_000;
/** Everything is read again after so long, MX rules included. */
const READ_AGAIN_MS = 15_000;

type Book = {
  readonly version: number;
  readonly match: MatchFeedback;
  readonly rules: readonly MxRule[];
  readonly readAtMs: number;
};

export function createFeedbackDesk(options: FeedbackDeskOptions): FeedbackDesk {
  const { database, logger, now = () => performance.now() } = options;
  const metrics = feedbackMetrics(options.meter);
  let book: Promise<Book> | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;

  const isFresh = async ({ version, readAtMs }: Book): Promise<boolean> => {
    if (now() - readAtMs >= READ_AGAIN_MS) return false;
    if (now() - askedAtMs < ASK_AGAIN_MS) return true;
    askedAtMs = now();
    return (await readReadingVersion(database)) === version;
  };
  const currentBook = async (): Promise<Book> => {
    const known = await book?.catch(() => undefined);
    if (known !== undefined && (await isFresh(known))) return known;
    askedAtMs = now();
    book = readBook(options, now(), known === undefined);
    return await book;
  };

  const hitsOf = async (replies: readonly HeardReply[]): Promise<readonly FeedbackHit[]> => {
    const { match, rules } = await currentBook();
    return replies.flatMap(({ publicId, mxHost, siteId, ruleId, reply }): readonly FeedbackHit[] => {
      const feedbackRuleId = match(reply, mxHost);
      if (feedbackRuleId === undefined) return [];
      const rule = ruleId === undefined ? firstMatch(rules, mxHost, publicId) : { id: ruleId };
      return [{ groupKey: groupKey(rule, siteId), publicId, feedbackRuleId, reply }];
    });
  };

  return {
    matches: async (reply, mxHost) => (await currentBook()).match(reply, mxHost),
    note: async (replies) => {
      try {
        const hits = await hitsOf(replies);
        for (const { feedbackRuleId: rule } of hits) metrics.hits.add(1, { rule });
        const imposed = await noteFeedback(database, hits);
        for (const hold of imposed) {
          for (const rule of hold.reason.split(', ')) metrics.imposed.add(1, { rule });
          logger.warn(hold, 'a provider asks for less: source held back');
        }
        return imposed;
      } catch (err) {
        logger.error({ err, replies: replies.length }, 'replies could not be held against the feedback rules');
        return [];
      }
    },
  };
}

async function readBook({ database, logger }: FeedbackDeskOptions, readAtMs: number, seed: boolean): Promise<Book> {
  if (seed) await seedFeedbackRules(database, DEFAULT_FEEDBACK_RULES);
  // Before the rules: what changes in between is read once more.
  const version = await readReadingVersion(database);
  const [stored, { rules }] = await Promise.all([listFeedbackRules(database), readRuleSet(database)]);
  const usable = stored.filter((rule) => {
    const faults = rule.enabled ? feedbackFaults(rule) : [];
    if (faults.length > 0) logger.error({ rule: rule.id, faults }, 'a feedback rule is left out');
    return rule.enabled && faults.length === 0;
  });
  return { version, match: compileFeedback(usable), rules, readAtMs };
}
