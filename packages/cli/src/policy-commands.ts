import type { PolicyChange, PolicyList, PolicyView, QuarantineSettingsView } from '@mxflow/contracts';
import { InvalidArgumentError, type Command } from 'commander';

import { ApiError, ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';

type PolicyOptions = {
  readonly quarantineAt: number | 'never';
  readonly releaseDays: number | 'none';
  readonly dryRun?: true;
};

/** Commands about what failures do to addresses. */
export function addPolicyCommands(program: Command, context: Context): void {
  const policies = program.command('policies').description('what failures do to addresses, by reason');
  policies
    .command('list')
    .description('the policy in force for each reason')
    .action(async () => {
      const list = await ask<PolicyList>(context.access(), { method: 'GET', path: '/v1/policies' });
      if (context.json()) return printJson(list);
      printTable(['reason', 'quarantine at', 'release after', 'origin'], list.policies.map(cells));
    });
  policies
    .command('set')
    .description('lay a policy of your own over the one of the set')
    .argument('<reason>')
    .requiredOption('--quarantine-at <n>', 'the counted error that quarantines, or never', wholeOr('never'))
    .requiredOption('--release-days <n>', 'days after which the address is free again, or none', wholeOr('none'))
    .option('--dry-run', 'only tell what it would do')
    .action(async (reason: string, { quarantineAt, releaseDays, dryRun }: PolicyOptions) => {
      const body = JSON.stringify({
        quarantineAt: quarantineAt === 'never' ? null : quarantineAt,
        releaseDays: releaseDays === 'none' ? null : releaseDays,
      });
      const query = { dryRun: dryRun === true ? 'true' : undefined };
      const path = pathOf(reason);
      printChange(context, await ask<PolicyChange>(context.access(), { method: 'PUT', path, query, body }));
    });
  policies
    .command('reset')
    .description('take your own policy away')
    .argument('<reason>')
    .option('--dry-run', 'only tell what it would do')
    .action(async (reason: string, options: { dryRun?: true }) => {
      const query = { dryRun: options.dryRun === true ? 'true' : undefined };
      const path = pathOf(reason);
      printChange(context, await ask<PolicyChange>(context.access(), { method: 'DELETE', path, query }));
    });
  addSettings(policies, context);
}

function addSettings(policies: Command, context: Context): void {
  const path = '/v1/quarantine-settings';
  policies
    .command('settings')
    .description('the figures that hold for every reason; with NAME=VALUE changes them')
    .argument('[change...]', 'such as resetDays=14 or complaintDenylists=false')
    .option('--dry-run', 'only tell what would hold')
    .action(async (changes: readonly string[], options: { dryRun?: true }) => {
      const query = { dryRun: options.dryRun === true ? 'true' : undefined };
      const access = context.access();
      printJson(
        changes.length === 0
          ? await ask<QuarantineSettingsView>(access, { method: 'GET', path })
          : await ask<QuarantineSettingsView>(access, { method: 'PATCH', path, query, body: readChanges(changes) }),
      );
    });
}

function readChanges(changes: readonly string[]): string {
  const entries = changes.map((change): [string, unknown] => {
    const at = change.indexOf('=');
    if (at < 0) throw new ApiError(`expected NAME=VALUE, found ${change}`);
    const value = change.slice(at + 1);
    return [change.slice(0, at), /^(?:true|false|-?[\d.]+)$/.test(value) ? JSON.parse(value) : value];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

function wholeOr<None extends string>(none: None): (typed: string) => number | None {
  return (typed) => {
    if (typed === none) return none;
    if (!/^\d{1,9}$/.test(typed)) throw new InvalidArgumentError(`Expected a whole number, or ${none}.`);
    return Number(typed);
  };
}

function printChange(context: Context, change: PolicyChange): void {
  if (context.json()) return printJson(change);
  const { before, after, addresses } = change;
  printTable(
    ['', 'reason', 'quarantine at', 'release after', 'origin', 'at the next error'],
    [
      ['before', ...cells(before), addresses.before.atNextError],
      ['after', ...cells(after), addresses.after.atNextError],
    ],
  );
  process.stdout.write(`${addresses.before.quarantined} addresses are in quarantine for it, and stay there\n`);
  if (change.dryRun) process.stdout.write('nothing was changed\n');
}

function cells({ reason, quarantineAt, releaseDays, origin }: PolicyView): readonly (string | number)[] {
  return [reason, quarantineAt ?? 'never', releaseDays === null ? 'not by itself' : `${releaseDays} days`, origin];
}

function pathOf(reason: string): string {
  return `/v1/policies/${encodeURIComponent(reason)}`;
}
