import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { startPostgres } from '../servers/postgres.ts';
import { startRabbit } from '../servers/rabbit.ts';
import { openStateFolder, type StateFolder } from '../servers/state-folder.ts';

/** Names the address at which the test run's own process starts servers for its workers. */
const variable = 'MXFLOW_TEST_SERVERS';

type Answers = {
  readonly postgres: { readonly url: string };
  readonly rabbit: { readonly url: string; readonly managementUrl: string };
};

/** Asked from a test: starts the server if nobody asked before, and waits until it is ready. */
export async function askForServer<Name extends keyof Answers>(name: Name): Promise<Answers[Name]> {
  const address = process.env[variable];
  if (address === undefined)
    throw new Error(`expected ${variable}, which the root's vitest.config.ts sets, or DATABASE_URL and AMQP_URL`);
  const answer = await fetch(`${address}/${name}`, { signal: AbortSignal.timeout(120_000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`expected ${name} to start, and found: ${text}`);
  return JSON.parse(text) as Answers[Name];
}

/**
 * Serves `askForServer`: a run of pure tests starts nothing, and a run that needs a server starts it once. The
 * servers stop with the returned stack.
 */
export async function serveOnDemand(): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const starters = startersIn(stack);
  const server = createServer((request, response) => {
    const starter = starters.get(request.url?.slice(1) ?? '');
    if (starter === undefined) {
      response.writeHead(404).end();
      return;
    }
    starter().then(
      (answer) => response.writeHead(200).end(JSON.stringify(answer)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.close());
  process.env[variable] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return stack;
}

function startersIn(stack: AsyncDisposableStack): ReadonlyMap<string, () => Promise<Answers[keyof Answers]>> {
  const folder = onceOnly(async (): Promise<StateFolder> => stack.use(openStateFolder()));
  const durability = 'process-death';
  const postgres = onceOnly(async (): Promise<Answers['postgres']> => {
    const { url } = stack.use(await startPostgres({ folder: await folder(), durability }));
    return { url };
  });
  const rabbit = onceOnly(async (): Promise<Answers['rabbit']> => {
    const { url, management } = stack.use(await startRabbit({ folder: await folder(), durability }));
    return { url, managementUrl: management.url };
  });
  return new Map<string, () => Promise<Answers[keyof Answers]>>([
    ['postgres', postgres],
    ['rabbit', rabbit],
  ]);
}

function onceOnly<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let begun: Promise<Result> | undefined;
  return () => (begun ??= work());
}
