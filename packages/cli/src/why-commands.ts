import type { HoldList, Lifted, RestList, WhyDomain, WhyJob, WhyMessage } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';

/** Commands about what waits and why: `why`, `holds`, `sites`. */
export function addWhyCommands(program: Command, context: Context): void {
  program
    .command('why')
    .description('why a message, a job or a domain waits: what binds, when it can move next, the last reply')
    .argument('<what>', 'id of a message, id of a job, or a domain')
    .action((what: string) => explain(context, what));
  addHolds(program, context);
  addSites(program, context);
}

async function explain(context: Context, what: string): Promise<void> {
  const kind = what.includes('.') ? 'domains' : /-\d+$/.test(what) ? 'messages' : 'jobs';
  const path = `/v1/why/${kind}/${encodeURIComponent(what)}`;
  const answer = await ask<WhyMessage | WhyJob | WhyDomain>(context.access(), { method: 'GET', path });
  if (context.json()) return printJson(answer);
  if ('groups' in answer) {
    process.stdout.write(`job ${answer.id}: ${answer.state}, ${answer.waiting} messages wait\n`);
    return printTable(
      ['messages', 'domain', ...WHY],
      answer.groups.map((group) => [group.messages, group.domain, ...whyCells(group)]),
    );
  }
  if ('pools' in answer) {
    process.stdout.write(`${answer.domain}: site ${answer.siteId} (${answer.site}), rule ${answer.rule}\n`);
    return printTable(
      ['pool', ...WHY],
      answer.pools.map((pool) => [pool.pool, ...whyCells(pool)]),
    );
  }
  return printTable(
    ['message', 'domain', 'rule', ...WHY],
    [[answer.id, answer.domain ?? '', answer.rule ?? '', ...whyCells(answer)]],
  );
}

const WHY = ['binds', 'next', 'why', 'last reply'] as const;

type WhyCells = { constraint: string; detail: string; nextAt?: string; lastReply?: string };

function whyCells({ constraint, detail, nextAt = '', lastReply = '' }: WhyCells): readonly string[] {
  return [constraint, nextAt, detail, lastReply];
}

function addHolds(program: Command, context: Context): void {
  const holds = program.command('holds').description('sources held back because a provider asked for less');
  holds
    .command('list')
    .description('what is imposed, the newest first')
    .action(async () => {
      const list = await ask<HoldList>(context.access(), { method: 'GET', path: '/v1/holds' });
      if (context.json()) return printJson(list);
      printTable(
        ['group', 'source', 'suspended until', 'connections', 'an hour', 'capped until', 'reason', 'last reply'],
        list.holds.map((hold) => [
          hold.group,
          hold.source,
          hold.suspendedUntil ?? '',
          hold.connections ?? '',
          hold.messagesPerHour ?? '',
          hold.cappedUntil ?? '',
          hold.reason,
          hold.lastReply ?? '',
        ]),
      );
    });
  holds
    .command('lift')
    .description('ends what is imposed on a group')
    .argument('<group>', 'rule:ID or site:ID, as the list names it')
    .option('--source <publicId>', 'for this source only')
    .action(async (group: string, { source }: { source?: string }) => {
      const query = { group, source };
      printJson(await ask<Lifted>(context.access(), { method: 'DELETE', path: '/v1/holds', query }));
    });
}

function addSites(program: Command, context: Context): void {
  const sites = program.command('sites').description('sites and paths that rest');
  sites
    .command('blocked')
    .description('what rests, until when and why')
    .action(async () => {
      const list = await ask<RestList>(context.access(), { method: 'GET', path: '/v1/sites/blocked' });
      if (context.json()) return printJson(list);
      printTable(
        ['site', 'kind', 'until', 'domains', 'reason'],
        list.sites.map(({ id, kind, until, domains, reason = '' }) => [id, kind, until, domains.join(' '), reason]),
      );
      printTable(
        ['source', 'address', 'until', 'failures', 'reason'],
        list.paths.map(({ source, mxIp, until, failures, reason = '' }) => [source, mxIp, until, failures, reason]),
      );
    });
  sites
    .command('unblock')
    .description("ends a site's rest")
    .argument('<id>')
    .action(async (id: string) => {
      const path = `/v1/sites/${encodeURIComponent(id)}/block`;
      printJson(await ask<Lifted>(context.access(), { method: 'DELETE', path }));
    });
  sites
    .command('unblock-path')
    .description('ends the rest of one source towards one address')
    .argument('<source>')
    .argument('<mxIp>')
    .action(async (source: string, mxIp: string) => {
      const query = { source, mxIp };
      printJson(await ask<Lifted>(context.access(), { method: 'DELETE', path: '/v1/paths/back-off', query }));
    });
}
