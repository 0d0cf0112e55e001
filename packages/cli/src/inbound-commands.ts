import { pipeline } from 'node:stream/promises';

import type { InboundMailPage, InboundRerunAnswer } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ApiError, ask, download } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { wholeNumber } from './whole-number.ts';

const BASE = '/v1/inbound';

/** Commands about mails that came to return-path domains. */
export function addInboundCommands(program: Command, context: Context): void {
  const inbound = program.command('inbound').description('mails to return-path domains: bounces, complaints, the rest');
  inbound
    .command('list')
    .description('such mails, the newest first')
    .option('--outcome <outcome>', 'only these: bounce, forged, stale, unparsed, waiting, …')
    .option('--limit <n>', 'mails on a page', '100')
    .option('--cursor <cursor>', 'of the next page')
    .action(async (query: { outcome?: string; limit: string; cursor?: string }) => {
      const page = await ask<InboundMailPage>(context.access(), { method: 'GET', path: BASE, query });
      if (context.json()) return printJson(page);
      printTable(
        ['id', 'at', 'came by', 'octets', 'outcome', 'message', 'because'],
        page.mails.map(({ id, at, cameBy, octets, outcome, message = '-', because = '' }) => [
          id,
          at,
          cameBy,
          octets,
          outcome,
          message,
          because,
        ]),
      );
      if (page.next !== undefined) process.stdout.write(`more: --cursor ${page.next}\n`);
    });
  inbound
    .command('show')
    .description('one of them')
    .argument('<id>')
    .option('--raw', 'its octets as they came')
    .action(async (id: string, { raw }: { raw?: true }) => {
      const path = `${BASE}/${encodeURIComponent(id)}`;
      if (raw !== true) return printJson(await ask(context.access(), { method: 'GET', path }));
      const octets = await download(context.access(), { method: 'GET', path: `${path}/raw` });
      await pipeline(octets, process.stdout, { end: false });
    });
  inbound
    .command('rerun')
    .description('process one mail, or all of an outcome, once more: by the rules of now')
    .argument('[id]')
    .option('--outcome <outcome>', 'all of this outcome')
    .option('--limit <n>', 'mails at most', wholeNumber)
    .action(async (id: string | undefined, body: { outcome?: string; limit?: number }) => {
      if ((id === undefined) === (body.outcome === undefined)) {
        throw new ApiError('expected either the id of a mail or --outcome');
      }
      const request =
        id === undefined
          ? { path: `${BASE}/rerun`, body: JSON.stringify(body) }
          : { path: `${BASE}/${encodeURIComponent(id)}/rerun` };
      const answer = await ask<InboundRerunAnswer>(context.access(), { method: 'POST', ...request });
      if (context.json()) printJson(answer);
      else process.stdout.write(`${answer.mails} to be processed once more\n`);
    });
}
