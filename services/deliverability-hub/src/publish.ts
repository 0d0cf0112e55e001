import type { HubPublished, HubPublishPost, RuleSetContent, RuleSetDiff } from '@mxflow/contracts';
import {
  newestHubVersion,
  publishHubDraft,
  readHubDraft,
  readHubVersion,
  type Database,
  type HubDraft,
} from '@mxflow/db';
import { ProblemError } from '@mxflow/http-api';
import { compareRuleSets, isEmptyDiff } from '@mxflow/rule-set';

import { contentOf, documentWriter } from './document.ts';
import type { HubParts } from './hub-api.ts';
import { otherRevision } from './revision.ts';

/** What leads from the newest version to a draft. */
export async function compareToNewest(
  database: Database,
  draft: HubDraft,
): Promise<{ readonly from: number; readonly diff: RuleSetDiff }> {
  const from = await newestHubVersion(database.client);
  const newest = await readHubVersion(database, from);
  if (newest === undefined) throw new Error(`expected version ${from}, found none`);
  return { from, diff: compareRuleSets(contentOf(newest.document), JSON.parse(draft.content) as RuleSetContent) };
}

export type PublishOrder = HubPublishPost & {
  /** The name of the key. */
  readonly by: string;
  /** The revision that the caller has seen; `undefined`: any. */
  readonly revision: number | undefined;
};

/**
 * Publishes the draft: what was compared and checked is what becomes a version, or nothing does. An editor who changes it
 * meanwhile is not overruled.
 */
export async function publishDraft(
  { database, checker, shelf, events }: HubParts,
  { note, dryRun = false, by, revision }: PublishOrder,
): Promise<HubPublished> {
  const draft = await readHubDraft(database.client);
  if (revision !== undefined && revision !== draft.revision) throw otherRevision(draft.revision);
  const { from, diff } = await compareToNewest(database, draft);
  if (isEmptyDiff(diff)) {
    throw new ProblemError('wrong-state', { detail: `nothing to publish: the draft is version ${from}` });
  }
  const faults = await checker.check(draft.content);
  if (faults.length > 0) {
    const detail = `faults of the draft: ${faults.length}; it is not published`;
    throw new ProblemError('invalid', { detail, faults });
  }
  if (dryRun) return { version: from + 1, diff, dryRun };
  const content = JSON.parse(draft.content) as RuleSetContent;
  const write = documentWriter(content, note);
  const published = await publishHubDraft(database, { revision: draft.revision, note, by, write });
  if (published.kind === 'other-revision') throw otherRevision(published.revision);
  const { version, publishedAt } = published.head;
  events.published({ version, by, note });
  await shelf.refresh();
  return { version, publishedAt: publishedAt.toISOString(), diff, dryRun };
}
