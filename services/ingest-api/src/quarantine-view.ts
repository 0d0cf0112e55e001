import type { QuarantineChangeView, QuarantineExplanation, QuarantineView } from '@mxflow/contracts';
import {
  findPublicJobIds,
  type AddressFacts,
  type Database,
  type QuarantineChangeRow,
  type QuarantineRow,
} from '@mxflow/db';
import { jobNumberOf, type MessageId } from '@mxflow/domain';

import { publicMessageId } from './message-view.ts';

export function viewEntry(row: QuarantineRow): QuarantineView {
  const { address, status, errors, reason, rule, text, siteId } = row;
  return {
    address,
    status,
    errors,
    ...(reason === null ? {} : { reason }),
    ...(rule === null ? {} : { rule }),
    ...(text === null ? {} : { text }),
    ...(siteId === null ? {} : { site: siteId }),
    ...instants(row),
  };
}

const INSTANTS = ['countedAt', 'successAt', 'quarantinedAt', 'releaseAt', 'changedAt'] as const;

function instants(row: QuarantineRow): Partial<Record<(typeof INSTANTS)[number], string>> {
  return Object.fromEntries(
    INSTANTS.flatMap((name) => {
      const at = row[name];
      return at === null ? [] : [[name, new Date(at).toISOString()]];
    }),
  );
}

/** Changes as they are shown, each with the message that it came from, where that is still known. */
export async function viewChanges(
  database: Database,
  changes: readonly QuarantineChangeRow[],
): Promise<QuarantineChangeView[]> {
  const messageIds = changes.flatMap(({ messageId }) => (messageId === null ? [] : [messageId as MessageId]));
  const jobs = await findPublicJobIds(database, [...new Set(messageIds.map((id) => jobNumberOf(id)))]);
  return changes.map((change) => {
    const { messageId, attempt } = change;
    const job = messageId === null ? undefined : jobs.get(jobNumberOf(messageId as MessageId));
    const message = job === undefined ? {} : { message: publicMessageId(job, messageId as MessageId) };
    return { ...viewChange(change), ...message, ...(attempt === null ? {} : { attempt }) };
  });
}

function viewChange(change: QuarantineChangeRow): QuarantineChangeView {
  const { id, at, cause, actor, reason, rule, text, siteId, undone } = change;
  return {
    id,
    at: at.toISOString(),
    cause,
    ...(actor === null ? {} : { actor }),
    before: { status: change.statusBefore, errors: change.errorsBefore },
    after: { status: change.statusAfter, errors: change.errorsAfter },
    ...(reason === null ? {} : { reason }),
    ...(rule === null ? {} : { rule }),
    ...(text === null ? {} : { text }),
    ...(siteId === null ? {} : { site: siteId }),
    undone,
  };
}

export async function viewFacts(database: Database, facts: AddressFacts): Promise<QuarantineExplanation> {
  const { address, barred, entry, policy, settings, held, leftLists } = facts;
  return {
    address,
    barred,
    why: whyOf(facts),
    ...(entry === undefined ? {} : { entry: viewEntry(entry) }),
    ...(policy === undefined ? {} : { policy }),
    settings,
    held,
    leftLists: leftLists.map(({ list, at }) => ({ list, at: at.toISOString() })),
    history: await viewChanges(database, facts.history),
  };
}

/** Why an address gets mail or none, in words. */
function whyOf({ entry, policy, settings, barred, history }: AddressFacts): string {
  if (entry === undefined) {
    return `${history.length === 0 ? 'nothing has happened to it' : 'nothing is held against it any more'}: it gets mail`;
  }
  switch (entry.status) {
    case 'valid':
      return 'its counter is at zero: it gets mail';
    case 'allow-listed':
      return 'a person has put it on the allow-list: it gets mail whatever happens, and errors are ignored';
    case 'denylisted':
      return `on the denylist since ${dayOf(entry.quarantinedAt)}${deciderOf(entry)}: it gets no mail until a person takes it off`;
    case 'with-errors': {
      const most = policy?.quarantineAt ?? 'no number';
      return `${entry.errors} counted ${plural(entry.errors)} (${entry.reason ?? 'no reason'})${deciderOf(entry)}; quarantined at ${most}, forgotten after ${settings.resetDays} days without one: it gets mail`;
    }
    case 'quarantined': {
      if (!barred) return `its quarantine ended at ${dayOf(entry.releaseAt)}: it gets mail`;
      const end = entry.releaseAt === null ? 'until a person releases it' : `until ${dayOf(entry.releaseAt)}`;
      return `in quarantine since ${dayOf(entry.quarantinedAt)} after ${entry.errors} ${plural(entry.errors)} (${entry.reason ?? 'no reason'})${deciderOf(entry)}: it gets no mail ${end}`;
    }
  }
}

function deciderOf({ rule, text }: QuarantineRow): string {
  const seen = text === null ? '' : `, which read: ${text}`;
  return rule === null ? (text === null ? '' : `, because: ${text}`) : `, by the bounce rule ${rule}${seen}`;
}

function dayOf(at: number | null): string {
  return at === null ? 'a time unknown' : new Date(at).toISOString();
}

function plural(errors: number): string {
  return errors === 1 ? 'error' : 'errors';
}
