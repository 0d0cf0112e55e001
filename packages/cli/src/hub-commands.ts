import type {
  HubDraftDiff,
  HubDraftView,
  HubKeyList,
  HubPublished,
  HubVersionDiff,
  HubVersionPage,
  PublicKeys,
} from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask, type ApiAccess } from './api-client.ts';
import { hubContext } from './hub-access.ts';
import { addHubDraftCommands } from './hub-draft-commands.ts';
import { addHubKeyCommands } from './hub-key-commands.ts';
import type { Context } from './job-commands.ts';
import { printDiff } from './print-diff.ts';
import { printJson, printTable } from './print.ts';
import { addUnmatchedCommands } from './unmatched-commands.ts';

/** Commands of whoever owns the rules: the deliverability instance that clients pull from. */
export function addHubCommands(program: Command, programContext: Context): void {
  const hub = program.command('hub').description('the deliverability instance: drafts, versions and keys of rule sets');
  const context = hubContext(hub, program, programContext);
  addStatus(hub, context);
  addHubDraftCommands(hub, context);
  addPublish(hub, context);
  addVersions(hub, context);
  addHubKeyCommands(hub, context);
  addUnmatchedCommands(hub, context);
}

function addStatus(hub: Command, context: Context): void {
  hub
    .command('status')
    .description('the newest version, what waits in the draft, and how many clients have which version')
    .action(async () => {
      const status = await readStatus(context.access());
      if (context.json()) return printJson(status);
      const { newest, draft, clients } = status;
      process.stdout.write(`version ${newest?.version}, published ${newest?.publishedAt} by ${newest?.publishedBy}\n`);
      process.stdout.write(`draft at revision ${draft.revision}, changed ${draft.changedAt} by ${draft.changedBy}\n`);
      printDiff(draft.diff);
      printTable(
        ['clients', 'version'],
        clients.map((each) => [each.clients, each.version]),
      );
    });
  hub
    .command('public-keys')
    .description('what clients have to trust: MXFLOW_SYNC_TRUSTED_KEYS')
    .action(async () => {
      const { keys } = await ask<PublicKeys>(context.access(), { method: 'GET', path: '/v1/public-keys' });
      if (context.json()) return printJson({ keys });
      printTable(
        ['kid', 'public key'],
        keys.map(({ kid, publicKey }) => [kid, publicKey]),
      );
    });
}

async function readStatus(access: ApiAccess) {
  const { versions } = await ask<HubVersionPage>(access, {
    method: 'GET',
    path: '/v1/versions',
    query: { limit: '1' },
  });
  const { content: _content, ...draft } = await ask<HubDraftView>(access, { method: 'GET', path: '/v1/draft' });
  const { diff } = await ask<HubDraftDiff>(access, { method: 'GET', path: '/v1/draft/diff' });
  const { keys } = await ask<HubKeyList>(access, { method: 'GET', path: '/v1/keys' });
  const inForce = keys.filter(({ role, revokedAt }) => role === 'client' && revokedAt === undefined);
  const known = new Set(inForce.map(({ lastVersion = 'none yet' }) => lastVersion));
  const clients = [...known].map((version) => ({
    version,
    clients: inForce.filter(({ lastVersion = 'none yet' }) => lastVersion === version).length,
  }));
  return { newest: versions[0], draft: { ...draft, diff }, clients };
}

function addPublish(hub: Command, context: Context): void {
  hub
    .command('publish')
    .description('publish the draft as the next version, if nothing is wrong with it')
    .requiredOption('--note <text>', 'why this version exists')
    .option('--revision <n>', 'only if the draft is at this revision still')
    .option('--dry-run', 'only tell what would be published')
    .action(async ({ note, revision, dryRun }: { note: string; revision?: string; dryRun?: true }) => {
      const published = await ask<HubPublished>(context.access(), {
        method: 'POST',
        path: '/v1/draft/publish',
        body: JSON.stringify({ note, ...(dryRun === true ? { dryRun } : {}) }),
        ...(revision === undefined ? {} : { headers: { 'if-match': `"${revision}"` } }),
      });
      if (context.json()) return printJson(published);
      printDiff(published.diff);
      const words = published.dryRun ? 'would be published; nothing was changed' : 'is published';
      process.stdout.write(`version ${published.version} ${words}\n`);
    });
}

function addVersions(hub: Command, context: Context): void {
  hub
    .command('versions')
    .description('what was published, by whom, and why; the newest first')
    .option('--limit <n>', 'versions on a page', '100')
    .option('--cursor <cursor>', 'of the next page')
    .action(async (query: { limit: string; cursor?: string }) => {
      const page = await ask<HubVersionPage>(context.access(), { method: 'GET', path: '/v1/versions', query });
      if (context.json()) return printJson(page);
      printTable(
        ['version', 'published', 'by', 'note'],
        page.versions.map(({ version, publishedAt, publishedBy, note }) => [version, publishedAt, publishedBy, note]),
      );
      if (page.next !== undefined) process.stdout.write(`more: --cursor ${page.next}\n`);
    });
  hub
    .command('show')
    .description('the document of a version')
    .argument('<version>')
    .action(async (version: string) =>
      printJson(await ask(context.access(), { method: 'GET', path: pathOf(version) })),
    );
  hub
    .command('diff')
    .description('what leads to a version from another, or from the one before it')
    .argument('<version>')
    .argument('[from]')
    .action(async (version: string, from?: string) => {
      const path = `${pathOf(version)}/diff`;
      const answer = await ask<HubVersionDiff>(context.access(), { method: 'GET', path, query: { from } });
      if (context.json()) printJson(answer);
      else printDiff(answer.diff);
    });
}

function pathOf(version: string): string {
  return `/v1/versions/${encodeURIComponent(version)}`;
}
