import type { DryRun, MxRuleList, RuleExplanation, RuleFindings } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import { askAndTell } from './ask-and-tell.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { readJsonInput } from './read-input.ts';
import { readChange, type RuleChange } from './trial.ts';

/** Commands about MX rules. */
export function addRuleCommands(program: Command, context: Context): void {
  const rules = program.command('rules').description('MX rules: what each provider may be sent');
  addReads(rules, context);
  addTrials(rules, context);
  addChanges(rules, context);
}

function addReads(rules: Command, context: Context): void {
  rules
    .command('list')
    .description('rules in their order, with the limits of the level in force')
    .action(async () => {
      const list = await ask<MxRuleList>(context.access(), { method: 'GET', path: '/v1/rules' });
      if (context.json()) return printJson(list);
      process.stdout.write(`level ${list.level}, version ${list.version}\n`);
      printTable(
        ['rule', 'mask', 'sources', 'shared', 'connections', 'messages', 'per hour', 'origin'],
        list.rules.map(({ id, mask, publicIds = '', shared = false, limits, origin }) => {
          const figures = limits[list.level];
          return [
            id,
            mask,
            publicIds === '' ? 'all' : publicIds,
            shared ? 'yes' : 'no',
            figures?.maxConnections ?? '',
            figures?.maxMessagesPerConnection ?? '',
            figures?.messagesPerHour ?? '',
            origin,
          ];
        }),
      );
    });
  rules
    .command('show')
    .alias('get')
    .description('one rule with all its levels')
    .argument('<id>')
    .action(async (id: string) => printJson(await ask(context.access(), { method: 'GET', path: pathOf(id) })));
  rules
    .command('lint')
    .description('rules that never hold, contradict each other or do not grow; sources that share an IP')
    .action(async () => {
      const { findings } = await ask<RuleFindings>(context.access(), { method: 'GET', path: '/v1/rules/lint' });
      if (context.json()) printJson({ findings });
      else
        process.stdout.write(
          findings.map(({ kind, text: words }) => `${kind}: ${words}\n`).join('') || 'nothing found\n',
        );
      if (findings.length > 0) process.exitCode = 1;
    });
}

function addTrials(rules: Command, context: Context): void {
  rules
    .command('explain')
    .description('MX hosts of a domain, the rule that each gets and why, the limits in force and what binds')
    .argument('<domain>')
    .option('--host', 'the name is that of an MX host')
    .option('--source <n>', 'only this source')
    .action(async (name: string, { host, source }: { host?: true; source?: string }) => {
      const query = host === true ? { mxhost: name, source } : { domain: name, source };
      const answer = await ask<RuleExplanation>(context.access(), { method: 'GET', path: '/v1/rules/explain', query });
      if (context.json()) return printJson(answer);
      const { domainRule, resolution } = answer;
      if (domainRule !== undefined) process.stdout.write(`domain rule ${domainRule.id}: ${domainRule.action}\n`);
      process.stdout.write(`resolution: ${resolution}\n`);
      for (const each of answer.hosts) {
        const { maxConnections, maxMessagesPerConnection, messagesPerHour } = each.limits;
        process.stdout.write(
          `${each.preference} ${each.mxHost}, source ${each.source}: rule ${each.ruleId} at ${each.level}: ` +
            `${maxConnections} connections, ${maxMessagesPerConnection} messages each, ${messagesPerHour}/h\n  ${each.why}\n`,
        );
        for (const { scope, connections, tokens, binds } of each.scopes) {
          process.stdout.write(
            `  ${scope}: ${connections} connections open, ${Math.floor(tokens)} tokens, binds: ${binds ?? 'nothing'}\n`,
          );
        }
      }
    });
  rules
    .command('dry-run')
    .alias('try')
    .description('which domains of the last week would get another rule or other limits')
    .option('--put <file>', 'a rule as JSON, with its id')
    .option('--before <id>', 'where it would stand')
    .option('--delete <id>', 'without this rule')
    .option('--level <level>', 'at this level')
    .action(async (options: RuleChange & { readonly level?: string }) => {
      const body = JSON.stringify(await readChange(options));
      const answer = await ask<DryRun>(context.access(), { method: 'POST', path: '/v1/rules/dry-run', body });
      if (context.json()) return printJson(answer);
      printTable(
        ['domain', 'mx host', 'source', 'messages', 'rule', 'per hour', 'would be', 'per hour'],
        answer.changes.map(({ domain, mxHost, source, messages, before, after }) => [
          domain,
          mxHost,
          source,
          messages,
          before.ruleId,
          before.limits.messagesPerHour,
          after.ruleId,
          after.limits.messagesPerHour,
        ]),
      );
      process.stdout.write(`${answer.changes.length} changes, ${answer.looked} looked at\n`);
    });
}

function addChanges(rules: Command, context: Context): void {
  rules
    .command('set')
    .alias('put')
    .description('add or replace a rule')
    .argument('<id>')
    .argument('<file>', 'the rule as JSON; - reads standard input')
    .option('--before <id>', 'its place: before this rule')
    .action(async (id: string, file: string, query: { before?: string }) => {
      const body = JSON.stringify(await readJsonInput(file));
      printJson(await ask(context.access(), { method: 'PUT', path: pathOf(id), query, body }));
    });
  rules
    .command('delete')
    .description('delete a rule; the last one cannot be')
    .argument('<id>')
    .action((id: string) => askAndTell(context, { method: 'DELETE', path: pathOf(id) }, `${id} is deleted`));
  rules
    .command('order')
    .description('put the rules into another order')
    .argument('<id...>', 'every one of them, the first first; any stays last')
    .action((ids: readonly string[]) =>
      askAndTell(
        context,
        { method: 'PUT', path: '/v1/rules/order', body: JSON.stringify({ ids }) },
        'the rules stand in this order',
      ),
    );
}

function pathOf(id: string): string {
  return `/v1/rules/${encodeURIComponent(id)}`;
}
