import type { ApiKeyList, WebhookList } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ApiError, ask } from './api-client.ts';
import { askAndTell } from './ask-and-tell.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';

const EVENTS = 'message.sent, deferred, failed, ignored, expired, cancelled, bounced, complained, unsubscribed';

/** Commands about a tenant's access: API keys and webhooks. */
export function addTenantCommands(program: Command, context: Context): void {
  addKeys(program.command('keys').description('API keys'), context);
  addWebhooks(program.command('webhooks').description('where outcomes are told'), context);
}

function addKeys(keys: Command, context: Context): void {
  keys
    .command('list')
    .description('keys, never their secrets')
    .action(async () => {
      const list = await ask<ApiKeyList>(context.access(), { method: 'GET', path: '/v1/keys' });
      if (context.json()) return printJson(list);
      printTable(
        ['id', 'name', 'created', 'revoked', 'scopes'],
        list.keys.map(({ id, name, createdAt, revokedAt = '-', scopes }) => [
          id,
          name,
          createdAt,
          revokedAt,
          scopes.join(' '),
        ]),
      );
    });
  keys
    .command('create')
    .description('a new key, shown once')
    .argument('<name>')
    .requiredOption(
      '--scope <scope...>',
      'jobs, rules, bounces, quarantine each with :read or :write; webhooks:write, keys:write',
    )
    .action(async (name: string, { scope }: { scope: readonly string[] }) => {
      const body = JSON.stringify({ name, scopes: scope });
      printJson(await ask(context.access(), { method: 'POST', path: '/v1/keys', body }));
    });
  keys
    .command('revoke')
    .description('ends a key at once')
    .argument('<id>')
    .action((id: string) =>
      askAndTell(context, { method: 'DELETE', path: `/v1/keys/${encodeURIComponent(id)}` }, `key ${id} is revoked`),
    );
}

type WebhookChange = { readonly event?: readonly string[]; readonly enable?: true; readonly disable?: true };

function addWebhooks(webhooks: Command, context: Context): void {
  webhooks
    .command('list')
    .description('webhooks of this tenant')
    .action(async () => {
      const list = await ask<WebhookList>(context.access(), { method: 'GET', path: '/v1/webhooks' });
      if (context.json()) return printJson(list);
      printTable(
        ['id', 'enabled', 'failures', 'created', 'url', 'events'],
        list.webhooks.map(({ id, enabled, failures, createdAt, url, events }) => [
          id,
          enabled ? 'yes' : 'no',
          failures,
          createdAt,
          url,
          events.join(' '),
        ]),
      );
    });
  webhooks
    .command('create')
    .description('a new webhook; its secret is shown once')
    .argument('<url>')
    .requiredOption('--event <event...>', EVENTS)
    .action(async (url: string, { event }: { event: readonly string[] }) => {
      const body = JSON.stringify({ url, events: event });
      printJson(await ask(context.access(), { method: 'POST', path: '/v1/webhooks', body }));
    });
  webhooks
    .command('set')
    .description('change what a webhook is told, or stop and resume telling it')
    .argument('<id>')
    .option('--event <event...>', `all that it is told from now on: ${EVENTS}`)
    .option('--enable', 'tell it again')
    .option('--disable', 'tell it nothing')
    .action(async (id: string, { event, enable, disable }: WebhookChange) => {
      if (enable === true && disable === true) throw new ApiError('expected --enable or --disable, found both');
      if (event === undefined && enable !== true && disable !== true) {
        throw new ApiError('expected --event, --enable or --disable, found none of them');
      }
      const enabled = enable === true ? true : disable === true ? false : undefined;
      const body = JSON.stringify({ events: event, enabled });
      printJson(await ask(context.access(), { method: 'PATCH', path: webhookPath(id), body }));
    });
  webhooks
    .command('delete')
    .description('ends a webhook; what waits for it is dropped')
    .argument('<id>')
    .action((id: string) =>
      askAndTell(context, { method: 'DELETE', path: webhookPath(id) }, `webhook ${id} is deleted`),
    );
}

function webhookPath(id: string): string {
  return `/v1/webhooks/${encodeURIComponent(id)}`;
}
