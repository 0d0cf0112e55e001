import type { FeedbackRuleList, FeedbackRuleView, FeedbackTrial } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { addRuleEdits, addTryCommand } from './rule-edit-commands.ts';
import { wholeNumber } from './whole-number.ts';
import { tryRules, type TrialOptions } from './trial.ts';

const BASE = '/v1/feedback-rules';

/** Commands about feedback rules. */
export function addFeedbackCommands(program: Command, context: Context): void {
  const rules = program.command('feedback').description("feedback rules: what a provider's replies lead to");
  rules
    .command('list')
    .description('rules in their order, and how often each has matched')
    .action(async () => {
      const list = await ask<FeedbackRuleList>(context.access(), { method: 'GET', path: BASE });
      if (context.json()) return printJson(list);
      printTable(
        ['rule', 'mask', 'in an hour', 'action', 'on', 'origin', 'hits', 'last hit', 'pattern'],
        list.rules.map((rule) => [
          rule.id,
          rule.mask,
          rule.thresholdPerHour,
          actionWords(rule.action),
          rule.enabled ? 'yes' : 'no',
          rule.origin,
          rule.hits,
          rule.lastHitAt ?? 'never',
          rule.pattern,
        ]),
      );
    });
  addRuleEdits(rules, context, BASE);
  const trial = addTryCommand(rules, 'which logged replies would meet another rule');
  trial.option('--days <n>', 'how far back', wholeNumber, 7).action(async (options: TrialOptions) => {
    const { looked, rules: hits, parts } = await tryRules<FeedbackTrial>(context.access(), `${BASE}/dry-run`, options);
    const changes = parts.flatMap((part) => part.changes);
    if (context.json()) return printJson({ looked, changes, rules: hits });
    printTable(
      ['replies', 'mx host', 'rule', 'would be', 'reply'],
      changes.map(({ replies, mxHost, before = '-', after = '-', reply }) => [replies, mxHost, before, after, reply]),
    );
    printTable(
      ['rule', 'hits now', 'then'],
      hits.map(({ rule, now, tried }) => [rule, now, tried]),
    );
    process.stdout.write(`${changes.length} changes, ${looked} replies looked at\n`);
  });
}

function actionWords({ kind, seconds, cap }: FeedbackRuleView['action']): string {
  return cap === undefined ? `${kind} ${seconds} s` : `${kind} ${cap} for ${seconds} s`;
}
