import type { DomainRuleList, DomainTrial } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { addRuleEdits, addTryCommand } from './rule-edit-commands.ts';
import { readChange, type RuleChange } from './trial.ts';

const BASE = '/v1/domain-rules';

/** Commands about domain rules. */
export function addDomainRuleCommands(program: Command, context: Context): void {
  const rules = program
    .command('domain-rules')
    .description("what is known of recipients' domains: those that take no mail any more, and exceptions");
  rules
    .command('list')
    .description('rules in their order: the first whose mask matches holds')
    .action(async () => {
      const list = await ask<DomainRuleList>(context.access(), { method: 'GET', path: BASE });
      if (context.json()) return printJson(list);
      printTable(
        ['rule', 'mask', 'action', 'on', 'origin', 'note'],
        list.rules.map(({ id, mask, action, enabled, origin, note = '' }) => [
          id,
          mask,
          action,
          enabled ? 'yes' : 'no',
          origin,
          note,
        ]),
      );
    });
  addRuleEdits(rules, context, BASE);
  addTryCommand(rules, 'which domains that got mail in the last week would be treated otherwise').action(
    async (options: RuleChange) => {
      const body = JSON.stringify(await readChange(options));
      const answer = await ask<DomainTrial>(context.access(), { method: 'POST', path: `${BASE}/dry-run`, body });
      if (context.json()) return printJson(answer);
      printTable(
        ['domain', 'messages', 'now', 'then', 'by'],
        answer.changes.map(({ domain, messages, before, after }) => [
          domain,
          messages,
          before.action,
          after.action,
          after.rule ?? before.rule ?? '',
        ]),
      );
      process.stdout.write(`${answer.changes.length} changes, ${answer.looked} domains looked at\n`);
    },
  );
}
