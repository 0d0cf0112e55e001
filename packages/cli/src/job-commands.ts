import { setTimeout as wait } from 'node:timers/promises';

import type { JobAccepted, JobPage, JobView, MessageHistory, MessagePage } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask, type ApiAccess } from './api-client.ts';
import { printJson, printTable } from './print.ts';
import { openInput, readInput } from './read-input.ts';

export type Context = { readonly access: () => ApiAccess; readonly json: () => boolean };

export function addJobCommands(program: Command, context: Context): void {
  const jobs = program.command('jobs').description('send jobs');
  jobs
    .command('send')
    .description(
      'post a job: a JSON file, or .ndjson with the job on the first line and a recipient on each further one',
    )
    .argument('<file>', 'the file; - reads lines from standard input')
    .option('--idempotency-key <key>', 'makes repeating this command harmless')
    .option('--watch', 'show progress until the job has ended')
    .action(async (file: string, options: { idempotencyKey?: string; watch?: true }) => {
      const accepted = await sendJob(context.access(), file, options.idempotencyKey);
      printJson(accepted);
      if (options.watch === true) await watchJob(context.access(), accepted.id);
    });
  jobs
    .command('list')
    .description('jobs, the latest first')
    .option('--limit <n>', 'jobs on a page', '100')
    .option('--cursor <cursor>', 'of the next page')
    .action(async (query: { limit: string; cursor?: string }) => {
      const page = await ask<JobPage>(context.access(), { method: 'GET', path: '/v1/jobs', query });
      if (context.json()) return printJson(page);
      printTable(
        ['id', 'state', 'recipients', 'pending', 'deferred', 'sent', 'failed', 'created'],
        page.jobs.map(({ id, state, recipients, counts, createdAt }) => [
          id,
          state,
          recipients,
          counts.pending,
          counts.deferred,
          counts.sent,
          counts.failed,
          createdAt,
        ]),
      );
      if (page.next !== undefined) process.stdout.write(`more: --cursor ${page.next}\n`);
    });
  jobs
    .command('show')
    .description('counts, rates and estimated end of a job')
    .argument('<id>')
    .action(async (id: string) => printJson(await readJob(context.access(), id)));
  jobs
    .command('watch')
    .description('follow a job until it has ended')
    .argument('<id>')
    .action((id: string) => watchJob(context.access(), id));
  for (const verb of ['pause', 'resume', 'cancel'] as const) {
    jobs
      .command(verb)
      .description(`${verb} a job on every worker`)
      .argument('<id>')
      .action(async (id: string) => {
        printJson(await ask(context.access(), { method: 'POST', path: `/v1/jobs/${encodeURIComponent(id)}/${verb}` }));
      });
  }
  addMessageCommands(jobs, program, context);
}

function addMessageCommands(jobs: Command, program: Command, context: Context): void {
  jobs
    .command('messages')
    .description('the delivery log of a job')
    .argument('<id>')
    .option('--status <status>', 'only messages of this status')
    .option('--cursor <cursor>', 'of the next page')
    .option('--limit <n>', 'messages on a page')
    .action(async (id: string, query: { status?: string; cursor?: string; limit?: string }) => {
      const path = `/v1/jobs/${encodeURIComponent(id)}/messages`;
      const page = await ask<MessagePage>(context.access(), { method: 'GET', path, query });
      if (context.json()) return printJson(page);
      printTable(
        ['id', 'address', 'status', 'attempts', 'reason', 'next attempt', 'reply'],
        page.messages.map((message) => [
          message.id,
          message.address,
          message.status,
          message.attempts,
          message.reason ?? message.waitReason ?? '',
          message.nextAttemptAt ?? '',
          message.reply ?? '',
        ]),
      );
      if (page.next !== undefined) process.stdout.write(`more: --cursor ${page.next}\n`);
    });
  program
    .command('message')
    .description('everything the log holds about one message')
    .argument('<id>')
    .action(async (id: string) => {
      const path = `/v1/messages/${encodeURIComponent(id)}`;
      printJson(await ask<MessageHistory>(context.access(), { method: 'GET', path }));
    });
}

async function sendJob(access: ApiAccess, file: string, idempotencyKey: string | undefined): Promise<JobAccepted> {
  const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  const post = { method: 'POST', path: '/v1/jobs', headers } as const;
  if (file !== '-' && !/\.ndjson$/i.test(file)) return await ask(access, { ...post, body: await readInput(file) });
  const { octets } = await openInput(file);
  return await ask(access, { ...post, body: octets, contentType: 'application/x-ndjson' });
}

const POLL_MS = 1000;

async function watchJob(access: ApiAccess, id: string): Promise<void> {
  for (;;) {
    const { state, recipients, counts, rates } = await readJob(access, id);
    const left = counts.pending + counts.deferred;
    process.stderr.write(
      `${state}: ${recipients - left}/${recipients} ended, sent ${counts.sent}, failed ${counts.failed}, ` +
        `deferred ${counts.deferred}, ${rates.perSecond.toFixed(1)}/s\n`,
    );
    if (left === 0 && (state === 'finished' || state === 'cancelled')) return;
    await wait(POLL_MS);
  }
}

async function readJob(access: ApiAccess, id: string): Promise<JobView> {
  return await ask<JobView>(access, { method: 'GET', path: `/v1/jobs/${encodeURIComponent(id)}` });
}
