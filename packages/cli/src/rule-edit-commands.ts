import type { Command } from 'commander';

import { ask } from './api-client.ts';
import { askAndTell } from './ask-and-tell.ts';
import type { Context } from './job-commands.ts';
import { printJson } from './print.ts';
import { readJsonInput } from './read-input.ts';

/** Edits that bounce rules, feedback rules and domain rules have in common. */
export function addRuleEdits(rules: Command, context: Context, base: string): void {
  const pathOf = (id: string): string => `${base}/${encodeURIComponent(id)}`;
  rules
    .command('get')
    .description('one rule')
    .argument('<id>')
    .action(async (id: string) => printJson(await ask(context.access(), { method: 'GET', path: pathOf(id) })));
  rules
    .command('put')
    .description('add a rule, or lay a version of your own over one of the set; try it first')
    .argument('<id>')
    .argument('<file>', 'the rule as JSON; - reads standard input')
    .option('--before <id>', 'its place: before this rule of yours; a new one comes first else')
    .action(async (id: string, file: string, query: { before?: string }) => {
      const { id: _id, ...rule } = (await readJsonInput(file)) as { readonly id?: string };
      const body = JSON.stringify(rule);
      printJson(await ask(context.access(), { method: 'PUT', path: pathOf(id), query, body }));
    });
  rules
    .command('delete')
    .description('delete a rule of yours; one of the set that it lay over holds again')
    .argument('<id>')
    .action((id: string) => askAndTell(context, { method: 'DELETE', path: pathOf(id) }, `${id} is deleted`));
  rules
    .command('order')
    .description("put your rules that stand before the set's into another order")
    .argument('<id...>', 'every one of them, the first first')
    .action((ids: readonly string[]) =>
      askAndTell(
        context,
        { method: 'PUT', path: `${base}/order`, body: JSON.stringify({ ids }) },
        'your rules stand in this order',
      ),
    );
  for (const verb of ['enable', 'disable'] as const) {
    rules
      .command(verb)
      .description(verb === 'enable' ? 'switch a rule on' : 'switch a rule off; it stays off whatever set comes')
      .argument('<id>')
      .action(async (id: string) =>
        printJson(await ask(context.access(), { method: 'POST', path: `${pathOf(id)}/${verb}` })),
      );
  }
}

/** The command that tries an edit first. */
export function addTryCommand(rules: Command, description: string): Command {
  return rules
    .command('try')
    .description(description)
    .option('--put <file>', 'with this rule: JSON with its id')
    .option('--before <id>', 'where it would stand')
    .option('--delete <id>', 'without this rule')
    .option('--enable <id>', 'with this rule switched on')
    .option('--disable <id>', 'with this rule switched off');
}
