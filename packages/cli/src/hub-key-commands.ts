import type { HubKeyCreated, HubKeyList } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import { askAndTell } from './ask-and-tell.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';

const BASE = '/v1/keys';

/** Commands about who may come to the hub. */
export function addHubKeyCommands(hub: Command, context: Context): void {
  const keys = hub.command('keys').description('keys of clients and editors');
  keys
    .command('list')
    .description('who may come, when each last came, and which version it has')
    .action(async () => {
      const list = await ask<HubKeyList>(context.access(), { method: 'GET', path: BASE });
      if (context.json()) return printJson(list);
      printTable(
        ['id', 'role', 'version', 'last pull', 'revoked', 'name'],
        list.keys.map(({ id, role, lastVersion = '-', lastPullAt = '-', revokedAt = '-', name }) => [
          id,
          role,
          lastVersion,
          lastPullAt,
          revokedAt,
          name,
        ]),
      );
    });
  keys
    .command('issue')
    .description('a new key, shown once')
    .argument('<name>', 'of the client or the person')
    .option('--editor', 'one that may edit and publish')
    .option('--replace', 'revoke the key that has the name')
    .action(async (name: string, { editor, replace }: { editor?: true; replace?: true }) => {
      const role = editor === true ? 'editor' : 'client';
      const body = JSON.stringify({ name, role, ...(replace === true ? { replace } : {}) });
      printJson(await ask<HubKeyCreated>(context.access(), { method: 'POST', path: BASE, body }));
    });
  keys
    .command('revoke')
    .description('ends a key within seconds')
    .argument('<id>')
    .action((id: string) =>
      askAndTell(context, { method: 'DELETE', path: `${BASE}/${encodeURIComponent(id)}` }, `key ${id} is revoked`),
    );
}
