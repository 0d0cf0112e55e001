import { renameSync, writeFileSync } from 'node:fs';

import type { Stack } from './stack.ts';

/** Written whole or not at all, and for the owner's eyes: it holds keys and passwords. */
export function writeEndpoints(file: string, stack: Stack): void {
  const { api, apiKey, databaseUrl, amqpUrl, bounceSmtp, metrics, ruleSets } = stack;
  const hub = ruleSets === undefined ? {} : { hub: ruleSets.hub, hubKey: ruleSets.hubKey };
  const text = JSON.stringify({ api, apiKey, databaseUrl, amqpUrl, bounceSmtp, ...hub, metrics }, null, 2);
  writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
