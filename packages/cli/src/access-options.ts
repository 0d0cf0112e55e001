import type { Command } from 'commander';

import { ApiError, readEndpoints, type ApiAccess, type Endpoints } from './api-client.ts';
import { fromCaller } from './caller-path.ts';

/** How the command line names somebody to ask, and where their address and key stand among its options. */
export type Named = {
  readonly program: Command;
  /** The command that has the options. */
  readonly owner: Command;
  readonly url: 'api' | 'hub';
  readonly key: 'key' | 'hubKey';
  readonly fileKey: 'apiKey' | 'hubKey';
  /** Said where nothing names them. */
  readonly missing: { readonly url: string; readonly key: string };
};

/** What was typed goes before the environment: `--endpoints FILE` beats MXFLOW_API, and `--api URL` beats both. */
export function readAccess({ program, owner, url, key, fileKey, missing }: Named): ApiAccess {
  const { endpoints } = program.opts<Options>();
  const isFileTyped = program.getOptionValueSource('endpoints') === 'cli';
  const file: Endpoints = endpoints === undefined ? {} : readEndpoints(fromCaller(endpoints));
  const given = (name: string): string | undefined =>
    isFileTyped && owner.getOptionValueSource(name) !== 'cli' ? undefined : owner.opts<Options>()[name];
  const api = given(url) ?? file[url];
  const apiKey = given(key) ?? file[fileKey];
  if (api === undefined) throw new ApiError(`${missing.url}, or --endpoints FILE`);
  if (apiKey === undefined) throw new ApiError(`${missing.key}, or --endpoints FILE`);
  if (!/^https?:\/\/[^/]/.test(api) || !URL.canParse(api)) {
    throw new ApiError(`expected an address such as http://127.0.0.1:8080, found ${api}`);
  }
  return { api: api.replace(/\/$/, ''), apiKey };
}

type Options = Readonly<Record<string, string | undefined>>;
