import type { HeldErrors, HeldSettled, Released, Undone } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { addFilterOptions, filterQuery, PROVIDER, type FilterOptions } from './quarantine-filter.ts';

const BASE = '/v1/quarantine';

type DryRun = { readonly dryRun?: true };

/** Commands over many addresses at once. */
export function addQuarantineBulkCommands(quarantine: Command, context: Context): void {
  addFilterOptions(quarantine.command('release').description('release the addresses that a filter names'))
    .option('--dry-run', 'only tell what it would do')
    .action(async ({ dryRun, ...options }: FilterOptions & DryRun) => {
      const body = JSON.stringify({ ...filterQuery(options), dryRun: dryRun === true });
      const answer = await ask<Released>(context.access(), { method: 'POST', path: `${BASE}/release`, body });
      if (context.json()) return printJson(answer);
      printSample(`${answer.released} addresses ${answer.dryRun ? 'would be released' : 'released'}`, answer.sample);
    });
  quarantine
    .command('undo')
    .description('undo what errors of a window did: the day that a provider called everybody unknown')
    .requiredOption('--from <instant>', 'first instant: 2026-01-31, or 2026-01-31T08:30, in UTC')
    .requiredOption('--to <instant>', 'first instant behind the last')
    .option('--site <site>', 'number of a site, or one of its domains')
    .option(...PROVIDER)
    .option('--rule <id>', 'the bounce rule that decided')
    .option('--reason <reason>', 'user-unknown, …')
    .option('--dry-run', 'only tell what it would do')
    .action(async ({ dryRun, ...options }: FilterOptions & DryRun) => {
      const body = JSON.stringify({ ...filterQuery(options), dryRun: dryRun === true });
      const answer = await ask<Undone>(context.access(), { method: 'POST', path: `${BASE}/undo`, body });
      if (context.json()) return printJson(answer);
      const { restored, changedSince } = answer;
      const verb = answer.dryRun ? 'would stand' : 'stand';
      printSample(
        `${restored} addresses ${verb} where they stood; ${changedSince} left alone, changed since by something else`,
        answer.sample,
      );
    });
  addHeld(quarantine, context);
}

function addHeld(quarantine: Command, context: Context): void {
  const held = quarantine.command('held').description('errors that the guard holds back');
  addHeldOptions(
    held.command('list').description('sites and providers that the guard watches, and the errors that wait'),
  )
    .option('--limit <n>', 'errors on a page', '100')
    .option('--cursor <cursor>', 'of the next page')
    .action(async ({ limit, cursor, ...options }: FilterOptions & { limit: string; cursor?: string }) => {
      const query = { ...filterQuery(options), limit, cursor };
      const answer = await ask<HeldErrors>(context.access(), { method: 'GET', path: `${BASE}/held`, query });
      if (context.json()) return printJson(answer);
      printTable(
        ['site', 'provider', 'hosts', 'alarmed', 'held'],
        answer.sites.map(({ site, provider = '', key, alarmedAt = 'no', held: errors }) => [
          site,
          provider,
          key ?? (provider === '' ? 'the resolver' : 'all of its sites'),
          alarmedAt,
          errors,
        ]),
      );
      printTable(
        ['at', 'site', 'address', 'reason', 'rule', 'text'],
        answer.errors.map(({ at, site, address, reason, rule = '', text = '' }) => [
          at,
          site,
          address,
          reason,
          rule,
          text,
        ]),
      );
      if (answer.next !== undefined) process.stdout.write(`more: --cursor ${answer.next}\n`);
    });
  for (const [verb, words, done] of [
    ['apply', 'let them have their effect after all', 'applied'],
    ['drop', 'drop them: the addresses stay as they are', 'dropped'],
  ] as const) {
    addHeldOptions(held.command(verb).description(words))
      .option('--dry-run', 'only tell how many')
      .action(async ({ dryRun, ...options }: FilterOptions & DryRun) => {
        const body = JSON.stringify({ ...filterQuery(options), dryRun: dryRun === true });
        const path = `${BASE}/held/${verb}`;
        const answer = await ask<HeldSettled>(context.access(), { method: 'POST', path, body });
        if (context.json()) return printJson(answer);
        process.stdout.write(`${answer.errors} errors ${answer.dryRun ? `would be ${done}` : done}\n`);
      });
  }
}

function addHeldOptions(command: Command): Command {
  return command
    .option('--site <site>', 'number of a site, one of its domains, or resolver')
    .option(...PROVIDER)
    .option('--reason <reason>', 'user-unknown, …')
    .option('--rule <id>', 'the bounce rule that decided')
    .option('--from <instant>', 'first instant: 2026-01-31, or 2026-01-31T08:30, in UTC')
    .option('--to <instant>', 'first instant behind the last');
}

function printSample(head: string, sample: readonly string[]): void {
  process.stdout.write(`${head}\n${sample.map((address) => `  ${address}\n`).join('')}`);
}
