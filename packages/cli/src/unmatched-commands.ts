import type { Qualified, UnmatchedPage, UnmatchedView } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import { printTrial } from './bounce-rule-commands.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';

const BASE = '/v1/unmatched';
/** Digits of an id that a table shows: enough to name it. */
const DIGITS = 12;

type QualifyOptions = {
  readonly rule: string;
  readonly reason: string;
  readonly type: string;
  readonly detail: string;
  readonly pattern?: string;
  readonly where?: readonly string[];
  readonly leaves?: readonly string[];
  readonly dryRun?: true;
};

/** Commands about texts that no rule matched. */
export function addUnmatchedCommands(program: Command, context: Context): void {
  const unmatched = program.command('unmatched').description('texts that no bounce rule matched');
  unmatched
    .command('list')
    .description('such texts, the most frequent first')
    .option('--status <status>', 'to-qualify, keep, ignore, qualified', 'to-qualify')
    .option('--limit <n>', 'texts on a page', '100')
    .option('--cursor <cursor>', 'of the next page')
    .action(async (query: { status: string; limit: string; cursor?: string }) => {
      const page = await ask<UnmatchedPage>(context.access(), { method: 'GET', path: BASE, query });
      if (context.json()) return printJson(page);
      printTexts(page.texts);
      if (page.next !== undefined) process.stdout.write(`more: --cursor ${page.next}\n`);
    });
  unmatched
    .command('show')
    .description('one of them, with a pattern that a rule could ask for')
    .argument('<id>')
    .action(async (id: string) => printJson(await ask(context.access(), { method: 'GET', path: pathOf(id) })));
  for (const [verb, words] of [
    ['keep', 'keep it in mind'],
    ['ignore', 'it says nothing about an address'],
    ['reopen', 'put it among those to be qualified again'],
  ] as const) {
    unmatched
      .command(verb)
      .description(words)
      .argument('<id>')
      .action(async (id: string) =>
        printJson(await ask(context.access(), { method: 'POST', path: `${pathOf(id)}/${verb}` })),
      );
  }
  addQualify(unmatched, context);
}

function addQualify(unmatched: Command, context: Context): void {
  unmatched
    .command('qualify')
    .description('make a rule of it; what is left out is suggested')
    .argument('<id>')
    .requiredOption('--rule <name>', 'the name of the rule')
    .requiredOption('--reason <reason>', 'user-unknown, mailbox-full, inactive-user, …')
    .requiredOption('--detail <detail>', 'what stands under the reason: suspended, rate-limited, …')
    .option('--type <type>', 'hard, soft, ignored', 'soft')
    .option('--pattern <pattern>', 'RE2 syntax')
    .option('--where <place...>', 'reply, diagnostic, body, subject, status')
    .option('--leaves <text...>', 'texts that it must leave alone')
    .option('--dry-run', 'only tell what it would be and what it would take')
    .action(async (id: string, { rule, dryRun, ...options }: QualifyOptions) => {
      const body = JSON.stringify({ id: rule, ...options, ...(dryRun === true ? { dryRun } : {}) });
      const answer = await ask<Qualified>(context.access(), { method: 'POST', path: `${pathOf(id)}/qualify`, body });
      if (context.json()) return printJson(answer);
      printJson({ id: answer.id, ...answer.rule });
      printTexts(answer.texts);
      if (answer.failures !== undefined) printTrial(context, answer.failures);
      if (answer.dryRun) process.stdout.write('nothing was changed\n');
    });
}

function printTexts(texts: readonly UnmatchedView[]): void {
  printTable(
    ['id', 'hits', 'status', 'mx host', 'last', 'text'],
    texts.map(({ id, hits, status, mxHost = '-', lastAt, text }) => [
      id.slice(0, DIGITS),
      hits,
      status,
      mxHost,
      lastAt,
      text,
    ]),
  );
}

function pathOf(id: string): string {
  return `${BASE}/${encodeURIComponent(id)}`;
}
