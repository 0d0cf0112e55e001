import { Readable } from 'node:stream';

import { pageEntries, type Database, type EntryEdit, type QuarantineFilter, type QuarantineRow } from '@mxflow/db';
import { FAILURE_REASONS, parseMailbox, QUARANTINE_STATUSES, type QuarantineStatus } from '@mxflow/domain';
import { foundText, ProblemError } from '@mxflow/http-api';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify';

import { toAscii } from './to-ascii.ts';

const COLUMNS = [
  'address',
  'status',
  'errors',
  'reason',
  'rule',
  'text',
  'quarantined_at',
  'release_at',
  'changed_at',
] as const;
type Column = (typeof COLUMNS)[number];
const AT_ONCE = 1000;
const MAX_ROW_CHARACTERS = 20_000;

/** Addresses as CSV (RFC 4180), read from the database as fast as the client takes them. */
export function exportCsv(database: Database, filter: QuarantineFilter): Readable {
  // Texts come from anywhere: no spreadsheet is to run them.
  const csv = stringify({ header: true, columns: [...COLUMNS], escape_formulas: true });
  const rows = Readable.from(readAll(database, filter));
  rows.on('error', (error) => csv.destroy(error));
  csv.on('close', () => rows.destroy());
  return rows.pipe(csv);
}

async function* readAll(database: Database, filter: QuarantineFilter): AsyncGenerator<Record<Column, string>> {
  let after: string | undefined;
  for (;;) {
    const page = await pageEntries(database, filter, { after, limit: AT_ONCE });
    yield* page.map(toCells);
    after = page.at(-1)?.address;
    if (page.length < AT_ONCE) return;
  }
}

function toCells(row: QuarantineRow): Record<Column, string> {
  const instant = (at: number | null): string => (at === null ? '' : new Date(at).toISOString());
  return {
    address: row.address,
    status: row.status,
    errors: String(row.errors),
    reason: row.reason ?? '',
    rule: row.rule ?? '',
    text: row.text ?? '',
    quarantined_at: instant(row.quarantinedAt),
    release_at: instant(row.releaseAt),
    changed_at: instant(row.changedAt),
  };
}

/** A row that was read: what it says of an address, or why it is passed over. */
export type ReadRow =
  | { readonly kind: 'edit'; readonly edit: EntryEdit }
  | {
      readonly kind: 'fault';
      readonly line: number;
      readonly column: string;
      readonly expected: string;
      readonly found: string;
    }
  /** Faulty rows of which nothing more is told. */
  | { readonly kind: 'faults'; readonly rows: number };

/** Faulty rows in a row that are told of one by one: a file of nothing else must not fill the memory. */
const MOST_TOLD = 1000;

/**
 * Reads addresses from CSV as an export writes it, a row at a time; only `address` must be there. What an export tells
 * besides (rule, changed_at) is passed over.
 *
 * @param status of rows that name none.
 * @throws where the first line does not name the columns.
 */
export async function* readCsv(octets: AsyncIterable<Buffer>, status: QuarantineStatus): AsyncGenerator<ReadRow> {
  const skipped: ReadRow[] = [];
  let untold = 0;
  const takeSkipped = (): readonly ReadRow[] => {
    const rows: readonly ReadRow[] = untold === 0 ? [] : [{ kind: 'faults', rows: untold }];
    untold = 0;
    return [...skipped.splice(0), ...rows];
  };
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
    max_record_size: MAX_ROW_CHARACTERS,
    on_skip: (error) => {
      const line = Number((error as { lines?: unknown } | undefined)?.lines ?? 0);
      if (skipped.length >= MOST_TOLD) untold += 1;
      else
        skipped.push(faultOf(line, 'row', { expected: 'a row of CSV (RFC 4180)', found: error?.message ?? 'another' }));
      return undefined;
    },
  });
  const source = Readable.from(octets);
  source.on('error', (error) => parser.destroy(error));
  let columns: readonly string[] | undefined;
  for await (const { record, info } of source.pipe(parser) as AsyncIterable<Parsed>) {
    yield* takeSkipped();
    if (columns === undefined) columns = readHeader(record);
    else yield readRow(info.lines, { columns, record, status });
  }
  yield* takeSkipped();
  if (columns === undefined) readHeader([]);
}

type Parsed = { readonly record: readonly string[]; readonly info: { readonly lines: number } };
type Problem = { readonly expected: string; readonly found: string };

function faultOf(line: number, column: string, { expected, found }: Problem): ReadRow {
  return { kind: 'fault', line, column, expected, found };
}

function readHeader(record: readonly string[]): readonly string[] {
  const columns = record.map((name) => name.toLowerCase());
  const unknown = columns.find((name) => !COLUMNS.some((known) => known === name));
  const fault =
    unknown === undefined
      ? columns.includes('address')
        ? undefined
        : { expected: 'a first line that names the column address', found: foundText(record.join(',')) }
      : { expected: `columns of these names: ${COLUMNS.join(', ')}`, found: foundText(unknown) };
  if (fault === undefined) return columns;
  throw new ProblemError('invalid', { faults: [{ pointer: '', ...fault }] });
}

type Cells = {
  readonly columns: readonly string[];
  readonly record: readonly string[];
  readonly status: QuarantineStatus;
};

function readRow(line: number, { columns, record, status: fallback }: Cells): ReadRow {
  if (record.length !== columns.length) {
    const found = `${record.length}`;
    return faultOf(line, 'row', { expected: `${columns.length} columns`, found });
  }
  const cell = (name: Column): string | undefined => {
    // As an export masks what a spreadsheet would run.
    const text = record[columns.indexOf(name)]?.replace(/^'(?=[=+\-@\t\r])/, '');
    return text === '' ? undefined : text;
  };
  const blame = (column: Column, expected: string): ReadRow =>
    faultOf(line, column, { expected, found: foundText(cell(column)) });

  const address = parseMailbox(cell('address') ?? '', toAscii)?.address;
  if (address === undefined || address.includes('\uFFFD')) return blame('address', 'an address in UTF-8');
  const status = oneOf(QUARANTINE_STATUSES, cell('status') ?? fallback);
  if (status === undefined) return blame('status', `one of ${QUARANTINE_STATUSES.join(', ')}`);
  const reason = oneOf(FAILURE_REASONS, cell('reason'));
  if (reason === undefined && cell('reason') !== undefined)
    return blame('reason', `one of ${FAILURE_REASONS.join(', ')}`);
  const errors = cell('errors');
  if (errors !== undefined && !/^\d{1,6}$/.test(errors)) return blame('errors', 'a whole number');
  const [quarantinedAt, releaseAt] = [instantOf(cell('quarantined_at')), instantOf(cell('release_at'))];
  if (Number.isNaN(quarantinedAt)) return blame('quarantined_at', 'an instant such as 2026-01-31T12:00:00Z');
  if (Number.isNaN(releaseAt)) return blame('release_at', 'an instant such as 2026-01-31T12:00:00Z');
  const text = cell('text');
  return { kind: 'edit', edit: { address, status, reason, text, quarantinedAt, releaseAt, errors: numberOf(errors) } };
}

function oneOf<Word extends string>(words: readonly Word[], text: string | undefined): Word | undefined {
  return words.find((word) => word === text);
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** Milliseconds since the epoch; NaN where it is no instant. */
function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
}
