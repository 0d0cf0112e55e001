import type { HubDraftCheck, HubDraftDiff, HubDraftView, RuleSetContent } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ApiError, ask, describeFaults } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printDiff } from './print-diff.ts';
import { printJson, printTable } from './print.ts';
import { readJsonInput } from './read-input.ts';

const BASE = '/v1/draft';
const LISTS = {
  'mx-rules': 'mxRules',
  'bounce-rules': 'bounceRules',
  'feedback-rules': 'feedbackRules',
  'domain-rules': 'domainRules',
  policies: 'policies',
} as const satisfies Record<string, keyof RuleSetContent>;
const LIST_NAMES = Object.keys(LISTS).join(', ');

/** Commands about the rule set that is worked on. */
export function addHubDraftCommands(hub: Command, context: Context): void {
  const draft = hub.command('draft').description('the rule set that is worked on');
  addReads(draft, context);
  addWrites(draft, context);
  addRuleEdits(hub.command('rules').description('rules of the draft, one by one'), context);
}

function addReads(draft: Command, context: Context): void {
  draft
    .command('show')
    .description('its revision, and how much is in it')
    .action(async () => {
      const { content, ...head } = await readDraft(context);
      const lists = Object.entries(LISTS).map(([name, field]) => ({ name, rules: content[field].length }));
      if (context.json()) return printJson({ ...head, lists });
      process.stdout.write(`revision ${head.revision}, from version ${head.basedOn}, `);
      process.stdout.write(`changed ${head.changedAt} by ${head.changedBy}\n`);
      printTable(
        ['rules', 'list'],
        lists.map(({ name, rules }) => [rules, name]),
      );
    });
  draft
    .command('get')
    .description('all of it as JSON, to be edited and put back')
    .action(async () => printJson(await readDraft(context)));
  draft
    .command('diff')
    .description('what publishing it would change')
    .action(async () => {
      const answer = await ask<HubDraftDiff>(context.access(), { method: 'GET', path: `${BASE}/diff` });
      if (context.json()) printJson(answer);
      else printDiff(answer.diff);
    });
  draft
    .command('validate')
    .description('what is wrong with it: schema, order of rules, every pattern, every example')
    .action(async () => {
      const check = await ask<HubDraftCheck>(context.access(), { method: 'POST', path: `${BASE}/validate` });
      if (context.json()) printJson(check);
      else process.stdout.write(`${describeFaults(check.faults).join('\n') || 'nothing found'}\n`);
      if (check.faults.length > 0) process.exitCode = 1;
    });
}

function addWrites(draft: Command, context: Context): void {
  draft
    .command('put')
    .description('put another content in its place: what `get` gave, edited')
    .argument('<file>', 'JSON; - reads standard input')
    .option('--overwrite', 'whatever the revision at hand is')
    .action(async (file: string, { overwrite }: { overwrite?: true }) => {
      const given = (await readJsonInput(file)) as Partial<HubDraftView>;
      const { revision, content = given } = given;
      if (revision === undefined && overwrite === undefined) {
        throw new ApiError('the file names no revision: take what `hub draft get` prints, or say --overwrite');
      }
      const seen = overwrite === true ? '*' : `"${revision}"`;
      const body = JSON.stringify(content);
      printJson(await ask(context.access(), { method: 'PUT', path: BASE, headers: { 'if-match': seen }, body }));
    });
  draft
    .command('reset')
    .description('drop all work on it')
    .option('--version <n>', 'make it this version instead of the newest; 0: the rules that come with mxflow')
    .action(async (query: { version?: string }) =>
      printJson(await ask(context.access(), { method: 'DELETE', path: BASE, query })),
    );
}

function addRuleEdits(rules: Command, context: Context): void {
  rules
    .command('list')
    .description('names in their order')
    .argument('<list>', LIST_NAMES)
    .action(async (list: string) => {
      const found = await readList(context, list);
      if (context.json()) return printJson(found);
      for (const rule of found) process.stdout.write(`${nameOf(rule)}\n`);
    });
  rules
    .command('get')
    .description('one rule as JSON')
    .argument('<list>', LIST_NAMES)
    .argument('<id>')
    .action(async (list: string, id: string) => {
      const rule = (await readList(context, list)).find((each) => nameOf(each) === id);
      if (rule === undefined) throw new ApiError(`the draft has no ${id} among its ${list}`);
      printJson(rule);
    });
  rules
    .command('put')
    .description('add a rule, or put another version in its place')
    .argument('<list>', LIST_NAMES)
    .argument('<file>', 'the rule with its id as JSON; - reads standard input')
    .option('--before <id>', 'its place; a new one comes first else')
    .action(async (list: string, file: string, query: { before?: string }) => {
      const rule = (await readJsonInput(file)) as DraftRule;
      const body = JSON.stringify(rule);
      printJson(await ask(context.access(), { method: 'PUT', path: pathOf(list, String(nameOf(rule))), query, body }));
    });
  rules
    .command('delete')
    .description('take a rule out of the draft')
    .argument('<list>', LIST_NAMES)
    .argument('<id>')
    .action(async (list: string, id: string) =>
      printJson(await ask(context.access(), { method: 'DELETE', path: pathOf(list, id) })),
    );
  rules
    .command('order')
    .description('put a list into another order')
    .argument('<list>', LIST_NAMES)
    .argument('<id...>', 'every one, the first first')
    .action(async (list: string, ids: readonly string[]) =>
      printJson(
        await ask(context.access(), { method: 'PUT', path: pathOf(list, 'order'), body: JSON.stringify({ ids }) }),
      ),
    );
}

type DraftRule = { readonly id?: string; readonly reason?: string };

function nameOf({ id, reason }: DraftRule): string | undefined {
  return id ?? reason;
}

async function readDraft(context: Context): Promise<HubDraftView> {
  return await ask<HubDraftView>(context.access(), { method: 'GET', path: BASE });
}

async function readList(context: Context, list: string): Promise<readonly DraftRule[]> {
  const field = Object.entries(LISTS).find(([name]) => name === list)?.[1];
  if (field === undefined) throw new ApiError(`expected one of ${LIST_NAMES}, found ${list}`);
  return (await readDraft(context)).content[field];
}

function pathOf(list: string, id: string): string {
  return `${BASE}/${encodeURIComponent(list)}/${encodeURIComponent(id)}`;
}
