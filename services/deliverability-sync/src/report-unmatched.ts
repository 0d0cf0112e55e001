import type { UnmatchedReport } from '@mxflow/contracts';
import { noteReported, pageUnreported, type Database } from '@mxflow/db';
import { request, type Agent } from 'undici';

import type { SyncEvents } from './events.ts';
import type { RuleSetSource } from './source.ts';

export type ReportParts = {
  readonly database: Database;
  readonly events: Pick<SyncEvents, 'reported' | 'notReported'>;
  readonly source: RuleSetSource;
  readonly connections: Agent;
  readonly signal: AbortSignal;
};

/** Texts of a report, and reports of a day: what is left is told the next day, the most frequent first. */
const TEXTS = 500;
const REPORTS = 10;

/**
 * Tells the hub of texts that no bounce rule matched here: only what differs in hits from what it was told, without any
 * address. What is told counts from the start, so a report that comes twice changes nothing.
 */
export async function reportUnmatched({ database, events, source, connections, signal }: ReportParts): Promise<void> {
  const { unmatchedUrl, key, deadlineMs } = source;
  if (unmatchedUrl === undefined) return;
  for (let reports = 0; reports < REPORTS; reports += 1) {
    const texts = await pageUnreported(database, TEXTS);
    if (texts.length === 0) return;
    const report: UnmatchedReport = { texts: texts.map(({ id: _id, ...text }) => text) };
    const { statusCode, body } = await request(unmatchedUrl, {
      dispatcher: connections,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(report),
      signal: AbortSignal.any([AbortSignal.timeout(deadlineMs), signal]),
    });
    await body.dump();
    if (statusCode >= 300) return events.notReported(`expected status 2xx, found ${statusCode}`);
    await noteReported(database, texts);
    events.reported(texts.length);
    if (texts.length < TEXTS) return;
  }
}
