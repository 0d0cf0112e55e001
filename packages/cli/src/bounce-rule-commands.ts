import type { BounceRuleList, BounceTrial, FailureReading, ReadingExplanation, RuleFindings } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { addRuleEdits, addTryCommand } from './rule-edit-commands.ts';
import { wholeNumber } from './whole-number.ts';
import { tryRules, type TrialOptions } from './trial.ts';

const BASE = '/v1/bounce-rules';

/** Commands about bounce rules. */
export function addBounceRuleCommands(program: Command, context: Context): void {
  const rules = program.command('bounce-rules').description('bounce rules: how failures are read');
  addList(rules, context);
  addRuleEdits(rules, context, BASE);
  addTrials(rules, context);
}

function addList(rules: Command, context: Context): void {
  rules
    .command('list')
    .description('rules in their order, and how often each has decided')
    .option('--never-hit', 'only those in force that have never decided')
    .action(async ({ neverHit }: { neverHit?: true }) => {
      const list = await ask<BounceRuleList>(context.access(), { method: 'GET', path: BASE });
      const shown = list.rules.filter(({ enabled, hits }) => neverHit === undefined || (enabled && hits === 0));
      if (context.json()) return printJson({ ...list, rules: shown });
      process.stdout.write(`version ${list.version}\n`);
      printTable(
        ['rule', 'reason', 'type', 'detail', 'looks at', 'on', 'origin', 'hits', 'last hit', 'pattern'],
        shown.map((rule) => [
          rule.id,
          rule.reason,
          rule.type,
          rule.detail,
          rule.where.join(','),
          rule.enabled ? 'yes' : 'no',
          rule.origin,
          rule.hits,
          rule.lastHitAt ?? 'never',
          rule.pattern,
        ]),
      );
    });
}

function addTrials(rules: Command, context: Context): void {
  rules
    .command('explain')
    .description('how a reply is read by the rules in force, and what decided')
    .argument('<reply>', 'code and text, as a server gives it')
    .option('--mx-host <host>', 'the host that gave it')
    .option('--sender <address>', 'who wrote the report')
    .action(async (reply: string, options: { mxHost?: string; sender?: string }) => {
      const body = JSON.stringify({ reply, ...options });
      const answer = await ask<ReadingExplanation>(context.access(), { method: 'POST', path: `${BASE}/explain`, body });
      if (context.json()) return printJson(answer);
      process.stdout.write(`${readingWords(answer)}\n${answer.because}\n`);
      if (answer.suggestedPattern !== undefined) {
        process.stdout.write(`a rule could ask for: ${answer.suggestedPattern}\n`);
      }
    });
  const trial = addTryCommand(rules, 'which logged failures would be read otherwise');
  trial.option('--days <n>', 'how far back', wholeNumber, 7).action(async (options: TrialOptions) => {
    const { looked, rules: hits, parts } = await tryRules<BounceTrial>(context.access(), `${BASE}/dry-run`, options);
    printTrial(context, { looked, changes: parts.flatMap((part) => part.changes), rules: hits });
  });
  rules
    .command('lint')
    .description('rules that ask for the same, that never decide, or that cannot be run any more')
    .action(async () => {
      const { findings } = await ask<RuleFindings>(context.access(), { method: 'GET', path: `${BASE}/lint` });
      const words = findings.map(({ kind, text }) => `${kind}: ${text}\n`).join('');
      if (context.json()) printJson({ findings });
      else process.stdout.write(words || 'nothing found\n');
      if (findings.length > 0) process.exitCode = 1;
    });
}

type Trial = Pick<BounceTrial, 'looked' | 'changes'> & {
  readonly rules: readonly BounceTrial['rules'][number][];
};

/** What a change of the rules would do. */
export function printTrial(context: Context, trial: Trial): void {
  if (context.json()) return printJson(trial);
  printTable(
    ['failures', 'is', 'would be', 'mx host', 'text'],
    trial.changes.map(({ failures, before, after, mxHost = '-', text }) => [
      failures,
      readingWords(before),
      readingWords(after),
      mxHost,
      text,
    ]),
  );
  printTable(
    ['rule', 'hits now', 'then'],
    trial.rules.map(({ rule, now, tried }) => [rule, now, tried]),
  );
  process.stdout.write(`${trial.changes.length} changes, ${trial.looked} failures looked at\n`);
}

function readingWords({ reason, type, detail, rule = 'no rule' }: FailureReading): string {
  return `${reason} (${type}, ${detail}; ${rule})`;
}
