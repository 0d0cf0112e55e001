import type { Command } from 'commander';

import { ApiError, readEndpoints, type ApiAccess } from './api-client.ts';
import { fromCaller } from './caller-path.ts';
import type { Context } from './job-commands.ts';

type HubOptions = { readonly hub?: string; readonly hubKey?: string };

/** Adds what says where the hub is, and makes a context of it: its commands ask the hub as others ask the API. */
export function hubContext(hub: Command, program: Command, { json }: Context): Context {
  hub
    .option('--hub <url>', 'base of the deliverability instance', process.env['MXFLOW_HUB_URL'])
    .option('--hub-key <key>', 'key of an editor', process.env['MXFLOW_HUB_KEY']);
  const access = (): ApiAccess => {
    const { endpoints } = program.opts<{ endpoints?: string }>();
    const file = endpoints === undefined ? {} : readEndpoints(fromCaller(endpoints));
    const given = hub.opts<HubOptions>();
    const api = given.hub ?? file.hub;
    const apiKey = given.hubKey ?? file.hubKey;
    if (api === undefined) throw new ApiError('no hub named: --hub URL, MXFLOW_HUB_URL, or --endpoints FILE');
    if (apiKey === undefined) throw new ApiError('no key: --hub-key KEY, MXFLOW_HUB_KEY, or --endpoints FILE');
    return { api: api.replace(/\/$/, ''), apiKey };
  };
  return { access, json };
}
