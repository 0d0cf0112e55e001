import type { QuarantineEdited, QuarantineExplanation, QuarantineHistory, QuarantinePage } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { addFilterOptions, filterQuery, type FilterOptions } from './quarantine-filter.ts';
import { addQuarantineBulkCommands } from './quarantine-bulk-commands.ts';
import { addQuarantineCsvCommands } from './quarantine-csv-commands.ts';
import { wholeNumber } from './whole-number.ts';

const BASE = '/v1/quarantine';

type SetOptions = {
  readonly note?: string;
  readonly releaseDays?: number;
  readonly reason?: string;
  readonly dryRun?: true;
};

/** Commands about addresses that get no mail, or may soon get none. */
export function addQuarantineCommands(program: Command, context: Context): void {
  const quarantine = program.command('quarantine').description('addresses: where they stand, and why');
  addReads(quarantine, context);
  addSet(quarantine, context);
  addQuarantineCsvCommands(quarantine, context);
  addQuarantineBulkCommands(quarantine, context);
}

function addReads(quarantine: Command, context: Context): void {
  addFilterOptions(quarantine.command('list').description('addresses that something happened to, in their order'))
    .option('--limit <n>', 'addresses on a page', '100')
    .option('--cursor <cursor>', 'of the next page')
    .action(async ({ limit, cursor, ...options }: FilterOptions & { limit: string; cursor?: string }) => {
      const query = { ...filterQuery(options), limit, cursor };
      const page = await ask<QuarantinePage>(context.access(), { method: 'GET', path: BASE, query });
      if (context.json()) return printJson(page);
      printTable(
        ['address', 'status', 'errors', 'reason', 'rule', 'since', 'released', 'text'],
        page.addresses.map((entry) => [
          entry.address,
          entry.status,
          entry.errors,
          entry.reason ?? '',
          entry.rule ?? '',
          entry.quarantinedAt ?? entry.countedAt ?? '',
          entry.releaseAt ?? '',
          entry.text ?? '',
        ]),
      );
      if (page.next !== undefined) process.stdout.write(`more: --cursor ${page.next}\n`);
    });
  quarantine
    .command('get')
    .description('everything that is known of an address')
    .argument('<address>')
    .action(async (address: string) => printJson(await explain(context, address)));
  quarantine
    .command('explain')
    .description('why an address gets mail or none: entry, rule, text, policy, history')
    .argument('<address>')
    .action(async (address: string) => {
      const facts = await explain(context, address);
      if (context.json()) return printJson(facts);
      printExplanation(facts);
    });
  quarantine
    .command('history')
    .description('every change of an address with its cause')
    .argument('<address>')
    .option('--cursor <cursor>', 'of the next page')
    .action(async (address: string, query: { cursor?: string }) => {
      const path = `${pathOf(address)}/history`;
      printJson(await ask<QuarantineHistory>(context.access(), { method: 'GET', path, query }));
    });
}

async function explain(context: Context, address: string): Promise<QuarantineExplanation> {
  return await ask<QuarantineExplanation>(context.access(), { method: 'GET', path: pathOf(address) });
}

function printExplanation({ address, barred, why, policy, held, leftLists, history }: QuarantineExplanation): void {
  process.stdout.write(`${address}: ${barred ? 'gets no mail' : 'gets mail'}\n${why}\n`);
  if (policy !== undefined) {
    const { reason, quarantineAt, releaseDays } = policy;
    const at = quarantineAt === null ? 'never quarantined' : `quarantined at error ${quarantineAt}`;
    const after = releaseDays === null ? 'not released by itself' : `released after ${releaseDays} days`;
    process.stdout.write(`policy of ${reason}: ${at}, ${after}\n`);
  }
  if (held > 0) process.stdout.write(`the guard holds ${held} of its errors back\n`);
  for (const { list, at } of leftLists) {
    process.stdout.write(`unsubscribed from ${list} at ${at}: it gets nothing of it that was accepted before\n`);
  }
  if (history.length === 0) return;
  printTable(
    ['at', 'cause', 'by', 'from', 'to', 'reason', 'rule', 'message', 'text'],
    history.map(({ at, cause, actor = '', before, after, reason = '', rule = '', message = '', text = '', undone }) => [
      at,
      undone ? `${cause} (undone)` : cause,
      actor,
      `${before.status} ${before.errors}`,
      `${after.status} ${after.errors}`,
      reason,
      rule,
      message,
      text,
    ]),
  );
}

function addSet(quarantine: Command, context: Context): void {
  quarantine
    .command('set')
    .description('say where an address stands')
    .argument('<address>')
    .argument('<status>', 'quarantined, denylisted, allow-listed, valid')
    .option('--note <text>', 'why: it stands in the history')
    .option('--reason <reason>', 'user-unknown, mailbox-full, …')
    .option('--release-days <n>', 'it leaves quarantine by itself after so many days', wholeNumber)
    .option('--dry-run', 'only tell what it would do')
    .action(async (address: string, status: string, options: SetOptions) => {
      const body = JSON.stringify({ status, ...options });
      printJson(await ask<QuarantineEdited>(context.access(), { method: 'PUT', path: pathOf(address), body }));
    });
}

function pathOf(address: string): string {
  return `${BASE}/addresses/${encodeURIComponent(address)}`;
}
