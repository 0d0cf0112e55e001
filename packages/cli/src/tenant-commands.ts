import type { Command } from 'commander';

import { ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson } from './print.ts';

/** Commands about a tenant's access: API keys and webhooks. */
export function addTenantCommands(program: Command, context: Context): void {
  const keys = program.command('keys').description('API keys');
  keys
    .command('list')
    .description('keys, never their secrets')
    .action(async () => printJson(await ask(context.access(), { method: 'GET', path: '/v1/keys' })));
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
    .action((id: string) => ask(context.access(), { method: 'DELETE', path: `/v1/keys/${encodeURIComponent(id)}` }));
  const webhooks = program.command('webhooks').description('where outcomes are told');
  webhooks
    .command('list')
    .description('webhooks of this tenant')
    .action(async () => printJson(await ask(context.access(), { method: 'GET', path: '/v1/webhooks' })));
  webhooks
    .command('create')
    .description('a new webhook; its secret is shown once')
    .argument('<url>')
    .requiredOption('--event <event...>', 'message.sent, message.deferred, message.failed, …')
    .action(async (url: string, { event }: { event: readonly string[] }) => {
      const body = JSON.stringify({ url, events: event });
      printJson(await ask(context.access(), { method: 'POST', path: '/v1/webhooks', body }));
    });
  webhooks
    .command('delete')
    .description('ends a webhook; what waits for it is dropped')
    .argument('<id>')
    .action((id: string) =>
      ask(context.access(), { method: 'DELETE', path: `/v1/webhooks/${encodeURIComponent(id)}` }),
    );
}
