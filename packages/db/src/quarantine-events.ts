import { addressKey, afterEvent, VALID_ENTRY, type QuarantineEvent } from '@mxflow/domain';

import type { Statements } from './database.ts';
import { RESOLVER_SITE } from './guarded.ts';
import {
  forgetEntries,
  lockEntries,
  snapshot,
  writeEntries,
  writeHistory,
  type EntryChange,
  type LockedEntry,
  type QuarantineTermsNow,
  type StoredEntry,
} from './quarantine-entries.ts';
import { askGuard } from './quarantine-guard.ts';
import { storable } from './unstorable.ts';

/** Something that happened to an address: an error of a message, a complaint, a success. */
export type AddressEvent = {
  readonly address: string;
  readonly event: QuarantineEvent;
  readonly siteId: number | null;
  readonly rule?: string | undefined;
  readonly text?: string | undefined;
  readonly messageId: string;
  readonly attempt: number;
};

export type EventTerms = QuarantineTermsNow & {
  readonly from: 'reply' | 'mail';
  /** Messages with an outcome that this transaction counts: by site, by provider, and all. */
  readonly messages: ReadonlyMap<number, number>;
  /** The guard is not asked: a person has decided. */
  readonly unguarded?: boolean;
};

/** What events did to addresses. */
export type QuarantineEffect = {
  /** Addresses that went to quarantine or on the denylist, by reason. */
  readonly barred: ReadonlyMap<string, number>;
  /** Errors that the guard has held back. */
  readonly held: number;
  /** Where it has begun to: sites, and providers by name. */
  readonly alarmedSites: readonly number[];
  readonly alarmedProviders: readonly string[];
};

export const NO_EFFECT: QuarantineEffect = { barred: new Map(), held: 0, alarmedSites: [], alarmedProviders: [] };

/** Characters of a text that are kept beside an address. */
const MAX_TEXT = 500;

/**
 * Carries events to the addresses, in the caller's transaction: rows locked in order, policy applied, history written.
 * Each event is to be carried once: whoever calls has made sure that it is new.
 */
export async function applyEvents(
  tx: Statements,
  events: readonly AddressEvent[],
  terms: EventTerms,
): Promise<QuarantineEffect> {
  if (events.length === 0) return NO_EFFECT;
  // The order within a batch must not depend on how it was put together.
  const ordered = events
    .map((event) => ({ ...event, address: addressKey(event.address) }))
    .toSorted((one, other) => compareIds(one.messageId, other.messageId) || one.attempt - other.attempt);
  const addresses = [...new Set(ordered.map(({ address }) => address))];
  const { entries, made } = await lockEntries(tx, addresses);
  const free = foldEvents(ordered, { entries, made, terms, held: new Set() });
  const guarded = Map.groupBy(terms.unguarded === true ? [] : free.suspects, guardOf);
  const suspects = new Map([...guarded].map(([id, group]) => [id, group.length]));
  const { admitted, ...alarmed } = await askGuard(tx, { suspects, ...terms });
  const held = new Set([...guarded].flatMap(([id, group]) => group.slice(admitted.get(id) ?? 0)));
  const { changes, after } = held.size === 0 ? free : foldEvents(ordered, { entries, made, terms, held });
  const changed = [...after].filter(([address, entry]) => differs(entry, entries.get(address)));
  await writeEntries(
    tx,
    changed.map(([address, entry]) => ({ ...entry, address })),
    terms.now,
  );
  await writeHistory(tx, changes, terms.now);
  await hold(tx, [...held], terms.now);
  const touched = new Set(changed.map(([address]) => address));
  await forgetEntries(
    tx,
    [...made].filter((address) => !touched.has(address)),
  );
  return { barred: countBarred(changes), held: held.size, ...alarmed };
}

type World = {
  readonly entries: ReadonlyMap<string, LockedEntry>;
  readonly made: ReadonlySet<string>;
  readonly terms: EventTerms;
  readonly held: ReadonlySet<AddressEvent>;
};

type Folded = {
  readonly changes: readonly EntryChange[];
  readonly after: ReadonlyMap<string, StoredEntry>;
  /** Errors that sent their address to quarantine. */
  readonly suspects: readonly AddressEvent[];
};

const UNTOUCHED: StoredEntry = { ...VALID_ENTRY, rule: null, text: null, siteId: null };

function foldEvents(events: readonly AddressEvent[], { entries, made, terms, held }: World): Folded {
  const after = new Map<string, StoredEntry>();
  const changes: EntryChange[] = [];
  const suspects: AddressEvent[] = [];
  for (const happened of events) {
    if (held.has(happened)) continue;
    const { address, event, siteId, rule, messageId, attempt } = happened;
    const known = after.get(address);
    const before = known ?? snapshot(entries.get(address) ?? UNTOUCHED);
    const next = afterEvent(before, event, { ...terms, at: terms.now });
    const told = { rule: rule ?? null, text: textOf(happened), siteId };
    const entry: StoredEntry = counts(before, next) ? { ...next, ...told } : { ...before, ...next };
    after.set(address, entry);
    if (!counts(before, next) || event.kind === 'success') continue;
    const { kind: cause } = event;
    const none = known === undefined && made.has(address);
    changes.push({ address, cause, before: none ? null : before, after: entry, ...told, messageId, attempt });
    if (cause === 'error' && before.status !== 'quarantined' && entry.status === 'quarantined') suspects.push(happened);
  }
  return { changes, after, suspects };
}

/** A change that the history keeps. */
function counts(
  before: StoredEntry,
  next: { readonly status: string; readonly errors: number; readonly countedAt: number | null },
): boolean {
  return before.status !== next.status || before.errors !== next.errors || before.countedAt !== next.countedAt;
}

function differs(entry: StoredEntry, stored: StoredEntry | undefined): boolean {
  return stored === undefined || counts(stored, entry) || stored.successAt !== entry.successAt;
}

/** Whose trouble an error would be, if it were none of the address. */
function guardOf({ event, siteId }: AddressEvent): number {
  return siteId === null || (event.kind === 'error' && event.reason === 'invalid-domain') ? RESOLVER_SITE : siteId;
}

async function hold(tx: Statements, events: readonly AddressEvent[], now: number): Promise<void> {
  if (events.length === 0) return;
  const rows = events.flatMap((held) => {
    const { event, address, rule, messageId, attempt } = held;
    if (event.kind !== 'error') return [];
    const { reason, type, detail } = event;
    const text = textOf(held);
    return [{ site_id: guardOf(held), address, reason, type, detail, rule, text, message_id: messageId, attempt }];
  });
  await tx.$executeRawUnsafe(
    `INSERT INTO guard_held (site_id, address, at, reason, type, detail, rule, text, message_id, attempt)
     SELECT h.site_id, h.address, to_timestamp($2::float8 / 1000), h.reason, h.type, h.detail, h.rule, h.text,
       h.message_id, h.attempt
     FROM jsonb_to_recordset($1::jsonb) AS h(site_id int, address text, reason text, type text, detail text, rule text,
       text text, message_id bigint, attempt int) ON CONFLICT DO NOTHING`,
    JSON.stringify(rows),
    now,
  );
}

function countBarred(changes: readonly EntryChange[]): ReadonlyMap<string, number> {
  const barred = new Map<string, number>();
  for (const { cause, before, after } of changes) {
    if (before?.status === after.status || (after.status !== 'quarantined' && after.status !== 'denylisted')) continue;
    const reason = cause === 'complaint' ? 'complaint' : (after.reason ?? 'unknown');
    barred.set(reason, (barred.get(reason) ?? 0) + 1);
  }
  return barred;
}

function textOf({ text }: AddressEvent): string | null {
  return storable(text?.slice(0, MAX_TEXT)) ?? null;
}

/** Orders ids, which are decimal numbers of different lengths. */
export function compareIds(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);
}
