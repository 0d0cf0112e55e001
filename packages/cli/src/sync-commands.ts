import { setTimeout as pause } from 'node:timers/promises';

import type {
  RuleSetDiff,
  RulesChange,
  StoredRuleSetList,
  SyncRunList,
  SyncRunView,
  SyncStatus,
} from '@mxflow/contracts';
import type { Command } from 'commander';

import { ApiError, ask, type Request } from './api-client.ts';
import { askAndTell } from './ask-and-tell.ts';
import type { Context } from './job-commands.ts';
import { printDiff } from './print-diff.ts';
import { oneLine, printJson, printTable } from './print.ts';
import { wholeNumber } from './whole-number.ts';

const BASE = '/v1/sync';
const LOOK_AGAIN_MS = 500;
/** Versions may differ all the same, at levels that nothing here goes by. */
const NOTHING_CHANGES = 'nothing changes at the levels in force here; `mxflow sync diff` compares the versions';

/** Commands about the rule sets that this instance pulls. */
export function addSyncCommands(program: Command, context: Context): void {
  const sync = program
    .command('sync')
    .description('rule sets of the deliverability instance: which holds here, and why');
  addReads(sync, context);
  addRun(sync, context);
  addVersions(sync, context);
  addPins(sync, context);
}

function addReads(sync: Command, context: Context): void {
  sync
    .command('status', { isDefault: true })
    .description('which rule set is in force, whether it is followed, how the last try ended')
    .action(async () => {
      const status = await ask<SyncStatus>(context.access(), { method: 'GET', path: BASE });
      if (context.json()) printJson(status);
      else process.stdout.write(`${statusLines(status).join('\n')}\n`);
    });
  sync
    .command('history')
    .description('syncs and rollbacks, the latest first')
    .option('--limit <n>', 'how many', '20')
    .action(async ({ limit }: { limit: string }) => {
      const list = await ask<SyncRunList>(context.access(), { method: 'GET', path: `${BASE}/runs`, query: { limit } });
      if (context.json()) return printJson(list);
      printTable(
        ['run', 'at', 'cause', 'outcome', 'from', 'to', 'because'],
        list.runs.map((run) => [
          run.id,
          run.begunAt ?? run.askedAt,
          run.dryRun ? `${run.cause}, tried` : run.cause,
          run.outcome ?? (run.begunAt === undefined ? 'waits' : 'under way'),
          run.versionBefore ?? '',
          run.versionAfter ?? '',
          [run.because, run.detail].filter((part) => part !== undefined).join(': '),
        ]),
      );
    });
}

function statusLines(status: SyncStatus): readonly string[] {
  const { inForce, service, newest, succeededAt, because, detail, retryAt } = status;
  const versions = new Set(Object.values(inForce));
  const named = (version: number | null): string =>
    version === null ? 'bundled' : version === 0 ? 'of a hub that was forgotten' : String(version);
  const [only] = versions;
  return [
    status.says,
    versions.size === 1 && only !== undefined
      ? `in force: ${only === null || only === 0 ? '' : 'version '}${named(only)}`
      : `in force: ${Object.entries(inForce)
          .map(([list, version]) => `${list} ${named(version)}`)
          .join(', ')}`,
    ...(newest === undefined ? [] : [`newest pulled: version ${newest}`]),
    `last success: ${succeededAt ?? 'never'}`,
    ...(because === undefined ? [] : [`last failure: ${because}: ${oneLine(detail ?? '')}`]),
    ...(retryAt === undefined ? [] : [`next try: ${retryAt}`]),
    ...(service?.nextAt === undefined ? [] : [`next sync: ${service.nextAt} (${service.at} ${service.zone})`]),
  ];
}

function addRun(sync: Command, context: Context): void {
  sync
    .command('run')
    .description('pull now')
    .option('--dry-run', 'fetch and check, and only tell what would change')
    .option('--wait', 'until it has ended; exits with 1 where it failed')
    .action(async ({ dryRun = false, wait = false }: { dryRun?: boolean; wait?: boolean }) => {
      const body = JSON.stringify({ dryRun });
      let run = await ask<SyncRunView>(context.access(), { method: 'POST', path: `${BASE}/runs`, body });
      while ((wait || dryRun) && run.outcome === undefined) {
        await pause(LOOK_AGAIN_MS);
        run = await ask(context.access(), { method: 'GET', path: `${BASE}/runs/${run.id}` });
      }
      if (['refused', 'failed', 'lost'].includes(run.outcome ?? '')) process.exitCode = 1;
      if (context.json()) return printJson(run);
      const facts = [run.outcome ?? 'asked for', run.because, run.detail].filter((part) => part !== undefined);
      process.stdout.write(`run ${run.id}: ${oneLine(facts.join(': '))}\n`);
      if (process.exitCode === 1) process.stdout.write(`docs/rule-sets.md tells what to do, under ${run.because}\n`);
      if (run.diff !== undefined) printDiff(run.diff, NOTHING_CHANGES);
    });
  sync
    .command('set')
    .description('what is still pulled at Custom')
    .requiredOption('--bounce-rules-in-custom <on|off>', 'bounce rules and policies')
    .action(async ({ bounceRulesInCustom }: { bounceRulesInCustom: string }) => {
      if (!['on', 'off'].includes(bounceRulesInCustom)) {
        throw new ApiError(`expected on or off, found ${bounceRulesInCustom}`);
      }
      const body = JSON.stringify({ bounceRulesInCustom: bounceRulesInCustom === 'on' });
      printJson(await ask(context.access(), { method: 'PATCH', path: `${BASE}/settings`, body }));
    });
}

function addVersions(sync: Command, context: Context): void {
  sync
    .command('versions')
    .description('rule sets that were pulled and can be put in force')
    .action(async () => {
      const list = await ask<StoredRuleSetList>(context.access(), { method: 'GET', path: `${BASE}/versions` });
      if (context.json()) return printJson(list);
      printTable(
        ['version', 'published', 'pulled', 'in force last', 'note'],
        list.versions.map((each) => [
          each.version,
          each.publishedAt,
          each.fetchedAt,
          each.appliedAt ?? 'never',
          each.note,
        ]),
      );
    });
  sync
    .command('forget')
    .description('take the next rule set whatever its number: after a hub was set back, or is another one')
    .action(() =>
      askAndTell(
        context,
        { method: 'DELETE', path: `${BASE}/versions` },
        'forgotten; what holds stays until the hub has answered',
      ),
    );
  sync
    .command('show')
    .description('one of them, whole')
    .argument('<version>')
    .action(async (version: string) =>
      printJson(
        await ask(context.access(), { method: 'GET', path: `${BASE}/versions/${encodeURIComponent(version)}` }),
      ),
    );
  sync
    .command('diff')
    .description('what leads from one rule set to another; 0 is the one that came with mxflow')
    .argument('[from]', 'the one in force where left out')
    .argument('[to]', 'the newest where left out')
    .action(async (from: string | undefined, to: string | undefined) => {
      const query = { from, to };
      const diff = await ask<RuleSetDiff>(context.access(), { method: 'GET', path: `${BASE}/diff`, query });
      if (context.json()) printJson(diff);
      else printDiff(diff);
    });
}

function addPins(sync: Command, context: Context): void {
  type Options = { readonly dryRun?: true; readonly none?: true };
  const pin = (version: number | undefined, dryRun: boolean): Request => ({
    method: 'PUT',
    path: `${BASE}/pin`,
    body: JSON.stringify({ dryRun, version }),
  });
  sync
    .command('rollback')
    .description('put an earlier rule set in force and keep it there')
    .argument('[version]', 'the one in force before this where left out', wholeNumber)
    .option('--dry-run', 'only tell what it would do')
    .action((version: number | undefined, { dryRun = false }: { dryRun?: boolean }) =>
      change(context, pin(version, dryRun)),
    );
  sync
    .command('pin')
    .description('keep to a rule set whatever comes, or with --none follow the newest again')
    .argument('[version]', 'its number, as `sync versions` lists it', wholeNumber)
    .option('--none', 'follow the newest again')
    .option('--dry-run', 'only tell what it would do')
    .action(async (version: number | undefined, { dryRun, none }: Options) => {
      if ((version === undefined) !== (none === true)) throw new ApiError('expected either a version or --none');
      const query = { dryRun: dryRun === true ? 'true' : undefined };
      const unpin: Request = { method: 'DELETE', path: `${BASE}/pin`, query };
      await change(context, none === true ? unpin : pin(version, dryRun === true));
    });
}

async function change(context: Context, request: Request): Promise<void> {
  const answer = await ask<RulesChange>(context.access(), request);
  if (context.json()) return printJson(answer);
  printDiff(answer.diff, NOTHING_CHANGES);
  const version = answer.version === undefined ? 'the rules that came with mxflow' : `version ${answer.version}`;
  process.stdout.write(answer.dryRun ? `${version}: nothing was changed\n` : `${version} is in force\n`);
}
