import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { analyse, type AnalysisOptions } from './analyse.ts';
import { readReferee } from './referee.ts';
import { parseBehaviour, parseZone, ScenarioError } from './scenario.ts';
import type { Provider, Providers } from './start-providers.ts';

const LONGEST_BODY_OCTETS = 1_048_576;

/**
 * Steers a running world from outside its process.
 *
 * - `GET /` addresses and ports; `GET /providers` behaviour and counts of each
 * - `POST /providers/NAME/behaviour[?host=HOST]` replaces a behaviour, or a host's overlay
 * - `POST /providers/NAME/forget` makes everybody a stranger again
 * - `POST /dns` replaces names: name → records, `null` removes the name
 * - `GET /analysis[?windowMs=…&windowMs=…&fromMs=…&toMs=…]` what the referee saw; `GET /referee` its raw file
 */
export async function startControlServer(
  world: Providers,
  at: { readonly address: string; readonly port: number },
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((request, response) => {
    answer(world, request, response).catch((cause: unknown) => fail(response, cause));
  });
  server.listen(at.port, at.address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(world: Providers, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://control');
  const [, noun, name, verb] = url.pathname.split('/').map(decodeURIComponent);
  const route = `${request.method} /${[noun, name === undefined ? undefined : '*', verb].filter(Boolean).join('/')}`;
  switch (route) {
    case 'GET /':
      return send(response, 200, {
        dnsAddress: world.dnsAddress,
        smtpPort: world.smtpPort,
        privateMx: world.privateMx,
        providers: [...world.providers.keys()],
        reportsPending: world.reportsPending(),
      });
    case 'GET /providers':
      return send(response, 200, [...world.providers.values()].map(describe));
    case 'POST /providers/*/behaviour': {
      const changed = await changeBehaviour(world, request, { name: name ?? '', host: url.searchParams.get('host') });
      return send(response, 200, describe(changed));
    }
    case 'POST /providers/*/forget':
      provider(world, name ?? '').forget();
      return send(response, 200, {});
    case 'POST /dns':
      return changeZone(world, request, response);
    case 'GET /analysis':
      world.referee.flush();
      return send(response, 200, await analyse(readReferee(world.referee.file), analysisOptions(url.searchParams)));
    case 'GET /referee':
      world.referee.flush();
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      createReadStream(world.referee.file).pipe(response);
      return;
    default:
      return send(response, 404, { title: `no such thing: ${route}` });
  }
}

async function changeBehaviour(
  world: Providers,
  request: IncomingMessage,
  whose: { readonly name: string; readonly host: string | null },
): Promise<Provider> {
  const behaviour = parseBehaviour(await readJson(request));
  const changed = provider(world, whose.name);
  if (whose.host !== null && !changed.spec.mxHosts.some(({ host }) => host === whose.host)) {
    throw new ScenarioError(`expected an MX host of ${whose.name}, found ${whose.host}`);
  }
  await changed.setBehaviour(behaviour, whose.host ?? undefined);
  return changed;
}

async function changeZone(world: Providers, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readJson(request);
  if (typeof body !== 'object' || body === null) throw new ScenarioError('expected names and their records');
  const gone = Object.entries(body).filter(([, records]) => records === null);
  const known = parseZone(Object.fromEntries(Object.entries(body).filter(([, records]) => records !== null)));
  for (const [name] of gone) world.dns.set(name, undefined);
  for (const [name, records] of Object.entries(known)) world.dns.set(name, records);
  send(response, 200, {});
}

function describe({ name, spec, stats, behaviour }: Provider): unknown {
  const hosts = spec.mxHosts.map(({ host, preference, addresses }) => ({
    host,
    preference,
    addresses,
    behaviour: behaviour(host),
  }));
  return { name, domains: spec.domains, hosts, behaviour: behaviour(), stats };
}

function provider(world: Providers, name: string): Provider {
  const found = world.providers.get(name);
  if (found === undefined) throw new ScenarioError(`expected a provider of this world, found ${name}`);
  return found;
}

function analysisOptions(query: URLSearchParams): AnalysisOptions {
  const windowsMs = query.getAll('windowMs').map(Number);
  const [fromMs, toMs] = [query.get('fromMs'), query.get('toMs')];
  const numbers = [...windowsMs, Number(fromMs ?? 0), Number(toMs ?? 0)];
  if (!numbers.every(Number.isFinite)) throw new ScenarioError('expected milliseconds as numbers');
  return {
    ...(windowsMs.length === 0 ? {} : { windowsMs }),
    ...(fromMs === null ? {} : { fromMs: Number(fromMs) }),
    ...(toMs === null ? {} : { toMs: Number(toMs) }),
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > LONGEST_BODY_OCTETS) throw new ScenarioError(`expected at most ${LONGEST_BODY_OCTETS} octets`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new ScenarioError('expected JSON', { cause });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type }).end(`${JSON.stringify(body)}\n`);
}

function fail(response: ServerResponse, cause: unknown): void {
  if (cause instanceof ScenarioError) send(response, 422, { title: cause.message, code: cause.code });
  else send(response, 500, { title: cause instanceof Error ? cause.message : 'broken' });
}
