import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { ImportReport } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask, download } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { createOutput, openInput } from './read-input.ts';
import { addFilterOptions, filterQuery, type FilterOptions } from './quarantine-filter.ts';

const BASE = '/v1/quarantine';
const PROGRESS_MS = 1000;

/** Quarantine to and from CSV files of any size. */
export function addQuarantineCsvCommands(quarantine: Command, context: Context): void {
  addFilterOptions(quarantine.command('export').description('addresses as CSV'))
    .argument('[file]', 'where to; standard output where left out', '-')
    .action(async (file: string, options: FilterOptions) => {
      const query = filterQuery(options);
      const rows = await download(context.access(), { method: 'GET', path: `${BASE}/export`, query });
      const counted = Readable.from(withProgress(rows, undefined));
      if (file === '-') await pipeline(counted, process.stdout, { end: false });
      else await pipeline(counted, await createOutput(file));
    });
  quarantine
    .command('import')
    .description('addresses from CSV, as an export writes it; only the column address must be there')
    .argument('<file>', 'the file; - reads standard input')
    .option('--status <status>', 'of rows that name none', 'quarantined')
    .option('--dry-run', 'only tell what it would do')
    .action(async (file: string, { status, dryRun }: { status: string; dryRun?: true }) => {
      const { octets, size } = await openInput(file);
      const report = await ask<ImportReport>(context.access(), {
        method: 'POST',
        path: `${BASE}/import`,
        query: { status, dryRun: dryRun === true ? 'true' : undefined },
        body: Readable.from(withProgress(octets, size)),
        contentType: 'text/csv',
      });
      printReport(context, report);
      if (report.faults.count > 0) process.exitCode = 1;
    });
}

function printReport(context: Context, report: ImportReport): void {
  if (context.json()) return printJson(report);
  const { rows, added, changed, unchanged, faults, dryRun } = report;
  process.stdout.write(
    `${rows} rows: ${added} added, ${changed} changed, ${unchanged} unchanged, ${faults.count} faulty` +
      `${dryRun ? '; nothing was changed' : ''}\n`,
  );
  if (faults.first.length === 0) return;
  printTable(
    ['line', 'column', 'expected', 'found'],
    faults.first.map(({ line, column, expected, found }) => [line, column, expected, found]),
  );
}

/** Hands octets on, and tells on standard error how far it is. */
async function* withProgress(source: AsyncIterable<Buffer>, size: number | undefined): AsyncGenerator<Buffer> {
  let octets = 0;
  let toldAt = performance.now();
  for await (const part of source) {
    octets += part.length;
    yield part;
    if (performance.now() - toldAt < PROGRESS_MS) continue;
    toldAt = performance.now();
    const share = size === undefined ? '' : ` of ${(size / 1e6).toFixed(1)} MB`;
    process.stderr.write(`${(octets / 1e6).toFixed(1)}${share}\n`);
  }
}
