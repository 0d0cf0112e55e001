import { ImportReport, QuarantineFilterQuery, QuarantineStatusName } from '@mxflow/contracts';
import { putEntries, type Database, type EntryEdit } from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { exportCsv, readCsv, type ReadRow } from './quarantine-csv.ts';
import { filterOf } from './quarantine-filter.ts';
import { actorOf } from './quarantine-routes.ts';

const AT_ONCE = 1000;
const FAULTS_SHOWN = 50;
const RETRY_SECONDS = 5;
const tags = ['quarantine'];

const ImportQuery = Type.Object(
  {
    status: Type.Optional(QuarantineStatusName),
    dryRun: Type.Boolean({ default: false, description: 'Only tell what it would do' }),
  },
  { additionalProperties: false },
);

/** Quarantine as CSV, streamed: memory does not grow with the file. */
export function addQuarantineCsvRoutes(api: Api, parts: ApiParts): void {
  addExport(api, parts);
  addImport(api, parts);
}

function addExport(api: Api, { database }: ApiParts): void {
  api.route({
    method: 'GET',
    url: '/v1/quarantine/export',
    config: { scope: 'quarantine:read' },
    schema: {
      tags,
      summary: 'Addresses as CSV, in their order; the import takes it back',
      querystring: QuarantineFilterQuery,
      response: {
        200: { description: 'CSV (RFC 4180)', content: { 'text/csv': { schema: Type.String() } } },
        ...problemsOf(401, 403, 404, 422, 503),
      },
    },
    handler: async (request, reply) => {
      const rows = exportCsv(database, await filterOf(database, request.query));
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="quarantine.csv"')
        .send(rows as never);
    },
  });
}

function addImport(api: Api, { database, admission }: ApiParts): void {
  api.route({
    method: 'POST',
    url: '/v1/quarantine/import',
    config: { scope: 'quarantine:write', takesCsv: true },
    schema: {
      tags,
      summary:
        'Addresses from CSV (text/csv); faulty rows are passed over and counted. To be repeated where it breaks off',
      querystring: ImportQuery,
      response: { 200: ImportReport, ...problemsOf(400, 401, 403, 408, 415, 422, 429, 503) },
    },
    handler: async (request) => {
      const { dryRun, status = 'quarantined' } = request.query;
      const octets: unknown = request.body;
      if (!isStreamed(octets)) throw new ProblemError('media-type', { detail: 'send the file as text/csv' });
      using room = admission.enterStream();
      if (room === undefined) throw new ProblemError('too-many', { retryAfterSeconds: RETRY_SECONDS });
      const rows = readCsv(octets, status);
      return { ...(await importRows(database, rows, { actor: actorOf(request), dryRun })), dryRun };
    },
  });
}

function isStreamed(body: unknown): body is AsyncIterable<Buffer> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

type Report = Omit<ImportReport, 'dryRun'>;

async function importRows(
  database: Database,
  rows: AsyncIterable<ReadRow>,
  options: { readonly actor: string; readonly dryRun: boolean },
): Promise<Report> {
  let report: Report = { rows: 0, added: 0, changed: 0, unchanged: 0, faults: { count: 0, first: [] } };
  let batch: EntryEdit[] = [];
  const store = async (): Promise<void> => {
    const { added, changed, unchanged } = await putEntries(database, batch, { cause: 'import', ...options });
    report = {
      ...report,
      added: report.added + added,
      changed: report.changed + changed,
      unchanged: report.unchanged + unchanged,
    };
    batch = [];
  };
  for await (const row of rows) {
    report = withRow(report, row);
    if (row.kind === 'edit') batch.push(row.edit);
    if (batch.length >= AT_ONCE) await store();
  }
  if (batch.length > 0) await store();
  return report;
}

function withRow({ rows, faults: { count, first }, ...report }: Report, row: ReadRow): Report {
  switch (row.kind) {
    case 'edit':
      return { ...report, rows: rows + 1, faults: { count, first } };
    case 'faults':
      return { ...report, rows: rows + row.rows, faults: { count: count + row.rows, first } };
    case 'fault': {
      const { kind: _kind, ...fault } = row;
      const told = first.length < FAULTS_SHOWN ? [...first, fault] : first;
      return { ...report, rows: rows + 1, faults: { count: count + 1, first: told } };
    }
  }
}
