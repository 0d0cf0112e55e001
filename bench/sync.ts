import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { startStack, type RuleSetServices } from '@mxflow/infra/stack';
import pg from 'pg';

import { atLeast, atMost, printResult, printTargets, say } from './result.ts';
import { peakMemoryMb } from './stack-client.ts';

/** Of clients, so many have the newest rule set already: on most days nothing was published. */
const UNCHANGED_SHARE = 0.9;
const MAX_P99_MS = 1_000;
const MAX_HUB_MB = 300;
/** After so long without a statement a session of Postgres has told its figures. */
const FIGURES_TOLD_MS = 12_000;

type Pull = { readonly status: number; readonly ms: number };

/** Clients of one hub that come within a minute, each over a connection and with a key of its own. */
export async function benchSync(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { clients: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '60' } },
  });
  const clients = Number(values.clients);
  const spreadMs = Number(values.seconds) * 1000;
  await using stack = await startStack({ workers: 0, ruleSets: true, settings: { MXFLOW_DNS: '127.0.0.1:9' } });
  const { ruleSets } = stack;
  if (ruleSets === undefined) throw new Error('expected a hub, found none');
  const database = new pg.Client({ connectionString: stack.databaseUrl });
  await database.connect();
  try {
    const keys = await admitClients(database, clients);
    const etag = await newestEtag(ruleSets, keys[0] ?? '');
    const readBefore = await documentReads(database);
    say(`${clients} clients within ${values.seconds} s`);
    const checking = wait(spreadMs / 2).then(() => checkDraft(ruleSets));
    const pulls = await Promise.all(
      keys.map(async (key, index) => {
        await wait((index * spreadMs) / clients);
        return await pull(ruleSets.hub, { key, etag: index % 100 < UNCHANGED_SHARE * 100 ? etag : undefined });
      }),
    );
    const checkMs = await checking;
    const hubMb = peakMemoryMb(ruleSets.deliverabilityHub.pid());
    const readDuring = (await documentReads(database)) - readBefore;
    await readDocument(ruleSets);
    const readByControl = (await documentReads(database)) - readBefore - readDuring;
    const burst = await Promise.all(keys.map((key) => pull(ruleSets.hub, { key, etag })));
    report({ clients, seconds: Number(values.seconds), pulls, burst, checkMs, hubMb, readDuring, readByControl });
  } finally {
    await database.end();
  }
}

type Measured = {
  readonly clients: number;
  readonly seconds: number;
  readonly pulls: readonly Pull[];
  readonly burst: readonly Pull[];
  readonly checkMs: number;
  readonly hubMb: number;
  /** Blocks of documents that Postgres read for the clients, and for one question that needs one. */
  readonly readDuring: number;
  readonly readByControl: number;
};

function report({ clients, seconds, pulls, burst, ...rest }: Measured): void {
  const one = { bench: 'sync', case: `${clients} clients in ${seconds} s` } as const;
  const p99Ms = percentile(pulls, 0.99);
  const errors = pulls.filter(({ status }) => status !== 200 && status !== 304).length;
  const unchanged = pulls.filter(({ status }) => status === 304).length;
  printResult({ ...one, metric: 'pull, median', value: percentile(pulls, 0.5), unit: 'ms' });
  printResult({ ...one, metric: 'pull, 99th percentile', value: p99Ms, unit: 'ms' });
  printResult({ ...one, metric: 'answered 304', value: unchanged, unit: 'pulls' });
  printResult({ ...one, metric: 'a draft checked meanwhile', value: rest.checkMs, unit: 'ms' });
  printResult({ ...one, metric: 'hub peak memory', value: rest.hubMb, unit: 'MB' });
  printResult({
    ...one,
    case: 'all at once',
    metric: 'pull, 99th percentile',
    value: percentile(burst, 0.99),
    unit: 'ms',
  });
  printTargets('sync', [
    atMost('p99 ms', p99Ms, MAX_P99_MS),
    atMost('errors', errors, 0),
    atLeast('answered 304', unchanged, clients / 2),
    atMost('hub VmHWM MB', rest.hubMb, MAX_HUB_MB),
    atMost('blocks of documents read from Postgres', rest.readDuring, 0),
    atLeast('the same for one question that needs a document', rest.readByControl, 1),
  ]);
}

function percentile(pulls: readonly Pull[], share: number): number {
  const sorted = pulls.map(({ ms }) => ms).toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Keys as the hub would issue them: it knows their hashes. */
async function admitClients(database: pg.Client, count: number): Promise<readonly string[]> {
  const keys = Array.from({ length: count }, () => `mxh_${randomBytes(32).toString('base64url')}`);
  await database.query(
    `INSERT INTO hub_keys (name, role, sha256)
     SELECT 'bench ' || n, 'client', decode(hash, 'hex') FROM unnest($1::text[]) WITH ORDINALITY AS k(hash, n)`,
    [keys.map((key) => createHash('sha256').update(key).digest('hex'))],
  );
  return keys;
}

/** A client that comes once a day: a connection of its own, from its SYN to the last octet of the answer. */
async function pull(
  hub: string,
  { key, etag }: { readonly key: string; readonly etag: string | undefined },
): Promise<Pull> {
  const startedMs = performance.now();
  const status = await new Promise<number>((resolve) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'accept-encoding': 'gzip',
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    };
    const call = request(`${hub}/v1/rule-set`, { agent: false, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    call.once('error', () => resolve(0)).end();
  });
  return { status, ms: performance.now() - startedMs };
}

async function newestEtag(ruleSets: RuleSetServices, key: string): Promise<string> {
  const answer = await fetch(`${ruleSets.hub}/v1/rule-set`, { headers: { authorization: `Bearer ${key}` } });
  await answer.arrayBuffer();
  const etag = answer.headers.get('etag');
  if (etag === null) throw new Error(`expected a rule set, found ${answer.status}`);
  return etag;
}

/** An editor has the draft checked; how long it took. */
async function checkDraft({ hub, hubKey }: RuleSetServices): Promise<number> {
  const startedMs = performance.now();
  const headers = { authorization: `Bearer ${hubKey}` };
  const answer = await fetch(`${hub}/v1/draft/validate`, { method: 'POST', headers });
  if (!answer.ok) throw new Error(`expected a check, found ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
  return performance.now() - startedMs;
}

async function readDocument({ hub, hubKey }: RuleSetServices): Promise<void> {
  const answer = await fetch(`${hub}/v1/versions/1`, { headers: { authorization: `Bearer ${hubKey}` } });
  if (!answer.ok) throw new Error(`expected version 1, found ${answer.status}`);
  await answer.arrayBuffer();
}

/** Documents lie beside their rows (TOAST): whoever looks at a row without its document reads none of these blocks. */
async function documentReads(database: pg.Client): Promise<number> {
  await wait(FIGURES_TOLD_MS);
  const { rows } = await database.query<{ blocks: string }>(
    `SELECT toast_blks_read + toast_blks_hit AS blocks FROM pg_statio_user_tables WHERE relname = 'hub_versions'`,
  );
  return Number(rows[0]?.blocks);
}
