import { Option, type Command } from 'commander';

import { readAccess } from './access-options.ts';
import type { Context } from './job-commands.ts';

/** Adds what says where the hub is, and makes a context of it: its commands ask the hub as others ask the API. */
export function hubContext(hub: Command, program: Command, { json }: Context): Context {
  hub
    .addOption(new Option('--hub <url>', 'base of the deliverability instance').env('MXFLOW_HUB_URL'))
    .addOption(new Option('--hub-key <key>', 'key of an editor').env('MXFLOW_HUB_KEY'));
  const missing = { url: 'no hub named: --hub URL, MXFLOW_HUB_URL', key: 'no key: --hub-key KEY, MXFLOW_HUB_KEY' };
  return {
    access: () => readAccess({ program, owner: hub, url: 'hub', key: 'hubKey', fileKey: 'hubKey', missing }),
    json,
  };
}
