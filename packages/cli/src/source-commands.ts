import type { SourceHistory, SourceList } from '@mxflow/contracts';
import type { Command } from 'commander';

import { ApiError, ask } from './api-client.ts';
import type { Context } from './job-commands.ts';
import { printJson, printTable } from './print.ts';
import { decimalNumber, wholeNumber } from './whole-number.ts';

type RampOptions = {
  readonly upTo: string;
  readonly days: number;
  readonly minMessages: number;
  readonly maxHard: number;
  readonly maxComplaints: number;
  readonly off?: true;
};

/** Commands about sending IPs. */
export function addSourceCommands(program: Command, context: Context): void {
  const sources = program.command('sources').description('sending IPs that workers registered');
  sources
    .command('list')
    .description('addresses, pools, levels')
    .action(async () => {
      const list = await ask<SourceList>(context.access(), { method: 'GET', path: '/v1/sources' });
      if (context.json()) return printJson(list);
      printTable(
        ['source', 'ip', 'helo', 'weight', 'pools', 'level', 'paused', 'ramp'],
        list.sources.map(({ publicId, publicIp, heloName, weight, pools, level = '', paused, ramp }) => [
          publicId,
          publicIp,
          heloName,
          weight,
          pools.join(','),
          level,
          paused ? 'yes' : 'no',
          ramp === undefined ? '' : `up to ${ramp.upTo}`,
        ]),
      );
    });
  sources
    .command('set')
    .description('its own level, or pause')
    .argument('<n>')
    .option('--level <level>', "slow, normal, fast, very-fast, boost, or instance for the instance's")
    .option('--pause', 'take it out of use')
    .option('--resume', 'use it again')
    .action(async (id: string, { level, pause, resume }: { level?: string; pause?: true; resume?: true }) => {
      if (pause === true && resume === true) throw new ApiError('expected --pause or --resume, found both');
      if (level === undefined && pause !== true && resume !== true) {
        throw new ApiError('expected --level, --pause or --resume, found none of them');
      }
      const paused = pause === true ? { paused: true } : resume === true ? { paused: false } : {};
      const own = level === undefined ? {} : { level: level === 'instance' ? null : level };
      await change(context, id, { ...own, ...paused });
    });
  addRamp(sources, context);
}

function addRamp(sources: Command, context: Context): void {
  sources
    .command('ramp')
    .description('a plan that moves the source up while bounces and complaints are few, and down at once when not')
    .argument('<n>')
    .option('--up-to <level>', 'highest level of the plan', 'boost')
    .option('--days <n>', 'days at a level', wholeNumber, 7)
    .option('--min-messages <n>', 'fewer prove nothing', wholeNumber, 500)
    .option('--max-hard <percent>', 'hard bounces', decimalNumber, 2)
    .option('--max-complaints <percent>', 'complaints', decimalNumber, 0.1)
    .option('--off', 'no plan')
    .action((id: string, options: RampOptions) =>
      change(context, id, {
        ramp:
          options.off === true
            ? null
            : {
                upTo: options.upTo,
                daysPerLevel: options.days,
                minMessages: options.minMessages,
                maxHardPercent: options.maxHard,
                maxComplaintPercent: options.maxComplaints,
              },
      }),
    );
  sources
    .command('history')
    .description('changes of its level, each with its reason')
    .argument('<n>')
    .action(async (id: string) => {
      printJson(await ask<SourceHistory>(context.access(), { method: 'GET', path: `${pathOf(id)}/history` }));
    });
}

async function change(context: Context, id: string, body: object): Promise<void> {
  printJson(await ask(context.access(), { method: 'PATCH', path: pathOf(id), body: JSON.stringify(body) }));
}

function pathOf(id: string): string {
  return `/v1/sources/${encodeURIComponent(id)}`;
}
