import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Logger } from '@mxflow/telemetry';

export type HealthOptions = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metricsText: () => Promise<string>;
  readonly logger: Logger;
  /** A check that takes longer counts as failed. */
  readonly checkLimitMs?: number;
};

/** Resolves when the part is usable, throws when not. */
export type ReadinessCheck = (signal: AbortSignal) => Promise<unknown>;

export type Health = AsyncDisposable & {
  /** Without a path, e.g. `http://127.0.0.1:9101`. */
  readonly url: string;
  /** `name` is shown to whoever asks: it says which part, never which host. */
  addReadiness(name: string, check: ReadinessCheck): Disposable;
  /** Until `ready`, and again from `stopping` on, the process says 503 whatever its checks say. */
  setPhase(phase: HealthPhase): void;
};

export type HealthPhase = 'starting' | 'ready' | 'stopping';

const DEFAULT_CHECK_LIMIT_MS = 2_000;

/** Serves `/live` (the event loop turns), `/ready` (every check passes) and `/metrics`. */
export async function startHealth(options: HealthOptions): Promise<Health> {
  const checks = new Map<string, ReadinessCheck>();
  let phase: HealthPhase = 'starting';
  const readiness = shareRuns(() => decideReadiness(phase, checks, options));
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    answer(response, path, { readiness, metricsText: options.metricsText }).catch((err: unknown) => {
      options.logger.error({ err }, 'health answer failed');
      if (response.headersSent) response.destroy();
      else respond(response, 500, { status: 'failed' });
    });
  });
  await listen(server, options);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    addReadiness: (name, check) => {
      checks.set(name, check);
      return { [Symbol.dispose]: () => void checks.delete(name) };
    },
    setPhase: (next) => void (phase = next),
    [Symbol.asyncDispose]: () => close(server),
  };
}

type Readiness =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'not-ready';
      readonly status: 'starting' | 'stopping' | 'failing';
      readonly failing: readonly string[];
    };

type Sources = { readonly readiness: () => Promise<Readiness>; readonly metricsText: () => Promise<string> };

async function answer(
  response: ServerResponse,
  path: string | undefined,
  { readiness, metricsText }: Sources,
): Promise<void> {
  switch (path) {
    case '/live':
      return respond(response, 200, { status: 'live' });
    case '/ready': {
      const found = await readiness();
      return found.kind === 'ready'
        ? respond(response, 200, { status: 'ready' })
        : respond(response, 503, { status: found.status, failing: found.failing });
    }
    case '/metrics': {
      const text = await metricsText();
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
      return;
    }
    default:
      return respond(response, 404, { status: 'not-found' });
  }
}

async function decideReadiness(
  phase: HealthPhase,
  checks: ReadonlyMap<string, ReadinessCheck>,
  { checkLimitMs = DEFAULT_CHECK_LIMIT_MS, logger }: HealthOptions,
): Promise<Readiness> {
  if (phase !== 'ready') return { kind: 'not-ready', status: phase, failing: [] };
  const results = await Promise.all(
    [...checks].map(async ([name, check]) => {
      try {
        await withinLimit(check, checkLimitMs);
        return undefined;
      } catch (err) {
        // Who asks learns only the name: the reason may hold hosts.
        logger.warn({ err, check: name }, 'readiness check failed');
        return name;
      }
    }),
  );
  const failing = results.filter((name) => name !== undefined);
  return failing.length === 0 ? { kind: 'ready' } : { kind: 'not-ready', status: 'failing', failing };
}

async function withinLimit(check: ReadinessCheck, limitMs: number): Promise<void> {
  const signal = AbortSignal.timeout(limitMs);
  await new Promise<unknown>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    check(signal).then(resolve, reject);
  });
}

/** Callers that come while a run is in hand get its result: many probes cost one round of checks. */
function shareRuns<T>(run: () => Promise<T>): () => Promise<T> {
  let inHand: Promise<T> | undefined;
  return () => (inHand ??= run().finally(() => (inHand = undefined)));
}

function respond(response: ServerResponse, statusCode: number, body: object): void {
  response.writeHead(statusCode, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

function listen(server: Server, { host, port }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
