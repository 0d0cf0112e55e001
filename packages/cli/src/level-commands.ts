import { createInterface } from 'node:readline/promises';

import type { LevelBody, LevelChange } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ApiError, ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printDiff } from './print-diff.ts';
import { printJson } from './print.ts';

const path = '/v1/level';
type SetOptions = { readonly yes?: true; readonly dryRun?: true };

const AT_CUSTOM =
  'at Custom no rule set is followed, except by bounce rules and policies where `mxflow sync set` says so\n';

/** Commands about the level. */
export function addLevelCommands(program: Command, context: Context): void {
  const level = program.command('level').description('the level in force');
  level
    .command('show', { isDefault: true })
    .description('which it is')
    .action(async () => printLevel(context, await ask(context.access(), { method: 'GET', path })));
  level
    .command('set')
    .description('change it on every worker; where Custom ends, it first shows what the rule set changes')
    .argument('<level>', 'slow, normal, fast, very-fast, boost, custom')
    .option('--yes', 'do not ask where Custom ends')
    .option('--dry-run', 'only tell what it would do')
    .action((wanted: string, options: SetOptions) => setLevel(context, wanted, options));
}

async function setLevel(context: Context, level: string, { yes, dryRun }: SetOptions): Promise<void> {
  const put = async (isTried: boolean): Promise<LevelChange> =>
    await ask(context.access(), { method: 'PUT', path, body: JSON.stringify({ level, dryRun: isTried }) });
  const tried = await put(true);
  if (dryRun === true && context.json()) return printJson(tried);
  if (tried.diff !== undefined && !context.json()) printDiff(tried.diff);
  if (level === 'custom' && !context.json()) process.stdout.write(AT_CUSTOM);
  if (dryRun === true) return void process.stdout.write('nothing was changed\n');
  if (tried.diff !== undefined && yes !== true) await agree(level);
  printLevel(context, await put(false));
}

/** Goes on only where a person says so. */
async function agree(level: string): Promise<void> {
  if (!process.stdin.isTTY) throw new ApiError(`this ends Custom: say --yes to go to ${level} with these changes`);
  using reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await reader.question(`go to ${level} with these changes? [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new ApiError('nothing was changed');
}

function printLevel(context: Context, answer: LevelBody): void {
  if (context.json()) printJson(answer);
  else process.stdout.write(`${answer.level}\n`);
}
