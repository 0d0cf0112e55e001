import {
  isUnstorable,
  readMailedMessages,
  readRetryTerms,
  recordOutcomes,
  sitesOfAttempts,
  type Database,
  type RecordedOutcome,
} from '@mxflow/db';
import { jobNumberOf, type MessageId } from '@mxflow/domain';
import type { FeedbackDesk, HeardReply } from '@mxflow/feedback';
import { done, park, type ConsumedMessage, type Verdict } from '@mxflow/messaging';

import type { RecorderEvents } from './events.ts';
import { recordOf, type OutcomeRecord } from './outcome-record.ts';
import type { ReadingEvents } from './reading-events.ts';
import type { RuleDesk } from './rule-desk.ts';
import type { SiteGuard } from './site-guard.ts';

type Outcomes = readonly ConsumedMessage<'outcomes'>[];

export type RecorderParts = {
  readonly database: Database;
  readonly events: RecorderEvents & Pick<ReadingEvents, 'failuresRecorded' | 'quarantineChanged'>;
  readonly desk: RuleDesk;
  readonly feedback: FeedbackDesk;
  readonly guard: SiteGuard;
};

/**
 * Records a batch of outcomes in one transaction; then, and only then, the broker may forget them. An outcome that
 * cannot be stored is found by halving the batch, and set aside alone.
 */
export function createOutcomeRecorder(parts: RecorderParts): (messages: Outcomes) => Promise<readonly Verdict[]> {
  const { events } = parts;
  return async function settle(messages): Promise<readonly Verdict[]> {
    try {
      await record(messages, parts);
      return messages.map(() => done);
    } catch (error) {
      const [first] = messages;
      if (first === undefined || !isUnstorable(error)) throw error;
      if (messages.length === 1) {
        events.setAside(first.body.messageId, error);
        return [park('the outcome cannot be stored')];
      }
      const middle = messages.length >> 1;
      return [...(await settle(messages.slice(0, middle))), ...(await settle(messages.slice(middle)))];
    }
  };
}

async function record(messages: Outcomes, parts: RecorderParts): Promise<void> {
  const { database, events, desk, feedback, guard } = parts;
  const startedMs = performance.now();
  const told = await readOutcomes(messages, parts);
  const { records, heard } = await hearReplies(
    told.map(({ record: each }) => each),
    { database, feedback },
  );
  const { transitions, quarantine } = await recordOutcomes(database, records);
  events.recorded(records, transitions, performance.now() - startedMs);
  events.failuresRecorded(transitions);
  events.quarantineChanged(quarantine);
  await noteDecisions(told, { database, desk });
  await feedback.note(heard);
  if (records.some(({ siteVerdict }) => siteVerdict === 'failed')) await guard.look();
}

/** Only of texts that no rule matched it matters whose address they may name. */
async function noteDecisions(
  told: readonly OutcomeRecord[],
  { database, desk }: Pick<RecorderParts, 'database' | 'desk'>,
): Promise<void> {
  const unmatched = told.filter(({ decision }) => decision !== undefined && decision.because.kind !== 'rule');
  const messages = await readMailedMessages(
    database,
    unmatched.map(({ record: { messageId } }) => messageId),
  );
  for (const { record: each, decision } of told) {
    if (decision === undefined) continue;
    const recipient = messages.get(each.messageId)?.address;
    desk.note({ decision, text: each.reply ?? '', looksAt: 'reply', mxHost: each.mxHost, recipient });
  }
}

async function readOutcomes(
  messages: Outcomes,
  { database, desk }: Pick<RecorderParts, 'database' | 'desk'>,
): Promise<readonly OutcomeRecord[]> {
  const jobNumbers = new Set(messages.map(({ body }) => jobNumberOf(body.messageId as MessageId)));
  const { now, terms } = await readRetryTerms(database, [...jobNumbers]);
  const classify = (text: string, mxHost: string | undefined) => desk.classify(text, mxHost);
  return messages.map((message) => {
    const jobNumber = jobNumberOf(message.body.messageId as MessageId);
    return recordOf(message, { terms: terms.get(jobNumber), now, jitter: Math.random(), classify });
  });
}

/**
 * Finds the replies that call for sending less. They count as the site's failures whatever their code; only those of
 * attempts that are under way are handed on, so that an outcome that comes twice is heard once.
 */
async function hearReplies(
  told: readonly RecordedOutcome[],
  { database, feedback }: Pick<RecorderParts, 'database' | 'feedback'>,
): Promise<{ readonly records: readonly RecordedOutcome[]; readonly heard: readonly HeardReply[] }> {
  const calling = new Set<RecordedOutcome>();
  for (const each of told) {
    const { status, reply, replyCode, mxHost } = each;
    if (status === 'sent' || reply === undefined || replyCode === undefined || mxHost === undefined) continue;
    if ((await feedback.matches(reply, mxHost)) !== undefined) calling.add(each);
  }
  if (calling.size === 0) return { records: told, heard: [] };
  const sites = await sitesOfAttempts(database, [...calling]);
  // A repeat may lie in the same batch.
  const once = new Map([...calling].map((each) => [`${each.messageId} ${each.attempt}`, each]));
  const heard = [...once.values()].flatMap(({ messageId, reply, mxHost, source }): readonly HeardReply[] => {
    const siteId = sites.get(messageId);
    if (siteId === undefined || reply === undefined || mxHost === undefined || source === undefined) return [];
    return [{ publicId: source, mxHost, siteId, reply }];
  });
  const records = told.map((each) => (calling.has(each) ? { ...each, siteVerdict: 'failed' as const } : each));
  return { records, heard };
}
