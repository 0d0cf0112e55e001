import { createSecureContext, type SecureContext } from 'node:tls';

import type { Behaviour } from './behaviour.ts';
import { selfSignedCertificate } from './certificate.ts';
import type { Keep } from './content-reader.ts';
import { startDnsServer, type DnsServer } from './dns-server.ts';
import { reverseName, type Zone } from './dns-zone.ts';
import { ProviderState, type ProviderStats, type ReceivedMessage } from './provider-state.ts';
import { Referee } from './referee.ts';
import { ReportDesk } from './report-desk.ts';
import type { SmtpTarget } from './report-sender.ts';
import type { MxHostSpec, ProviderSpec } from './scenario.ts';
import { listenAtAll, MxListener } from './smtp-server.ts';

export type StartOptions = {
  readonly specs: readonly ProviderSpec[];
  readonly seed: number;
  /** The raw file of the referee. */
  readonly refereeFile: string;
  /** 0, the default, takes one that is free at every address. */
  readonly smtpPort?: number;
  readonly dnsPort?: number;
  readonly dnsAddress?: string;
  /** Names beside, or instead of, those that follow from the providers. */
  readonly zone?: Zone;
  /** Where bounces and complaints are mailed to. */
  readonly bounceTo?: SmtpTarget;
  readonly keep?: Keep;
  readonly onMessage?: (message: ReceivedMessage) => void;
  /** Providers to listen for; the others are in DNS only, and answered for elsewhere. Default: all. */
  readonly only?: readonly string[];
  /** One address to listen at for all, instead of each host's own: for containers. */
  readonly listenAt?: string;
};

/** A running provider. */
export type Provider = {
  readonly name: string;
  readonly spec: ProviderSpec;
  readonly stats: Readonly<ProviderStats>;
  /** Replaces the provider's behaviour, or one MX host's overlay, from the next command on; resolves once the ports follow. */
  readonly setBehaviour: (behaviour: Behaviour, host?: string) => Promise<void>;
  /** The behaviour in force, of the provider or of one of its hosts. */
  readonly behaviour: (host?: string) => Behaviour;
  /** Forgets whom it deferred, greylisted and throttled. */
  readonly forget: () => void;
};

export type Providers = AsyncDisposable & {
  /** `host:port` of the DNS server. */
  readonly dnsAddress: string;
  readonly smtpPort: number;
  /** Networks that a resolver of MX hosts must be allowed to connect to, although they are private. */
  readonly privateMx: readonly string[];
  readonly providers: ReadonlyMap<string, Provider>;
  readonly dns: DnsServer;
  readonly referee: Referee;
  /** Bounces and complaints still to be mailed. */
  reportsPending(): number;
  /** Mails bounces and complaints there from now on: to a receiver that starts after the providers. */
  mailReportsTo(target: SmtpTarget): void;
  close(): Promise<void>;
};

const PORT_ATTEMPTS = 20;

/** Starts DNS and every MX host of every provider, all on one SMTP port. */
export async function startProviders(options: StartOptions): Promise<Providers> {
  await using stack = new AsyncDisposableStack();
  const referee = stack.use(Referee.open(options.refereeFile));
  const desk = stack.use(new ReportDesk(options.bounceTo));
  const running = options.specs
    .filter(({ name }) => options.only?.includes(name) ?? true)
    .map((spec) => runProvider(spec, options, { referee, desk }));
  const { port, listening } = await listenEverywhere(running, options);
  stack.use(listening);
  const dns = stack.use(
    await startDnsServer({
      zone: { ...zoneOf(options.specs), ...options.zone },
      ...(options.dnsAddress === undefined ? {} : { address: options.dnsAddress }),
      ...(options.dnsPort === undefined ? {} : { port: options.dnsPort }),
    }),
  );
  for (const { follow } of running) follow(listening.listeners);
  const held = stack.move();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= held.disposeAsync());
  return {
    dnsAddress: `${dns.address}:${dns.port}`,
    smtpPort: port,
    privateMx: ['127.0.0.0/8'],
    providers: new Map(running.map(({ provider }) => [provider.name, provider])),
    dns,
    referee,
    reportsPending: () => desk.pending(),
    mailReportsTo: (target) => desk.mailTo(target),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Running = {
  readonly provider: Provider;
  readonly listenersAt: (port: number) => MxListener[];
  /** Tells the provider which listeners are to follow its behaviour. */
  readonly follow: (listeners: readonly MxListener[]) => void;
};

function runProvider(
  spec: ProviderSpec,
  options: StartOptions,
  edge: { readonly referee: Referee; readonly desk: ReportDesk },
): Running {
  const state: ProviderState = new ProviderState({
    name: spec.name,
    seed: options.seed,
    referee: edge.referee,
    keep: options.keep ?? 'none',
    onMessage: options.onMessage,
    later: (report) => edge.desk.take(state, report),
  });
  const overlays = new Map<string, Behaviour>(spec.mxHosts.map(({ host, behaviour }) => [host, behaviour ?? {}]));
  const effective = new Map<string, Behaviour>();
  let own = spec.behaviour;
  let listeners: readonly MxListener[] = [];
  const secureContext = lazily(() => secureContextFor(spec.mxHosts));
  const settle = (): void => {
    for (const [host, overlay] of overlays) effective.set(host, { ...own, ...overlay });
  };
  settle();
  const behaviourOf = (host?: string): Behaviour => (host === undefined ? own : (effective.get(host) ?? own));
  return {
    provider: {
      name: spec.name,
      spec,
      stats: state.stats,
      behaviour: behaviourOf,
      forget: () => state.forget(),
      async setBehaviour(behaviour, host) {
        if (host === undefined) own = behaviour;
        else overlays.set(host, behaviour);
        settle();
        await Promise.all(listeners.map((listener) => listener.follow()));
      },
    },
    listenersAt: (port) =>
      spec.mxHosts.flatMap(({ host, addresses }) =>
        addresses.map((address) => {
          const endpoint = {
            host,
            address,
            provider: state,
            behaviour: () => behaviourOf(host),
            secureContext,
          };
          return new MxListener(endpoint, port);
        }),
      ),
    follow: (mine) => {
      listeners = mine.filter(({ endpoint }) => endpoint.provider === state);
    },
  };
}

type Listening = AsyncDisposable & { readonly listeners: readonly MxListener[] };

async function listenEverywhere(
  running: readonly Running[],
  options: StartOptions,
): Promise<{ readonly port: number; readonly listening: Listening }> {
  const fixed = options.smtpPort ?? 0;
  for (let attempt = 1; ; attempt += 1) {
    // Below the range that the system gives out to clients: a port there may be taken at one address by a connection.
    const port = fixed === 0 ? 10_000 + Math.floor(Math.random() * 20_000) : fixed;
    const listeners = running.flatMap(({ listenersAt }) => listenersAt(port));
    try {
      return { port, listening: await listen(listeners, port, options.listenAt) };
    } catch (cause) {
      const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!taken || fixed !== 0 || attempt === PORT_ATTEMPTS) throw cause;
    }
  }
}

async function listen(listeners: readonly MxListener[], port: number, at: string | undefined): Promise<Listening> {
  await using stack = new AsyncDisposableStack();
  for (const listener of listeners) {
    stack.use(listener);
    if (at === undefined) await listener.follow();
  }
  if (at !== undefined) stack.use(await listenAtAll({ address: at, port, listeners }));
  const held = stack.move();
  // Where one listener stands for all, none of theirs has a port to open or shut.
  return {
    listeners: at === undefined ? listeners : [],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The zone that follows from the providers: MX of each domain, addresses of each host, and the way back. */
export function zoneOf(specs: readonly ProviderSpec[]): Zone {
  const zone: Zone = {};
  for (const { domains, mxHosts, ttlSeconds } of specs) {
    const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
    const mx = mxHosts.map(({ host, preference }) => ({ preference, exchange: host }));
    for (const domain of domains) zone[domain.toLowerCase()] = { ...ttl, mx };
    for (const { host, addresses } of mxHosts) {
      const a = addresses.filter((address) => !address.includes(':'));
      const aaaa = addresses.filter((address) => address.includes(':'));
      zone[host.toLowerCase()] = { ...ttl, a, aaaa };
      for (const address of a) zone[reverseName(address)] = { ...ttl, ptr: [host] };
    }
  }
  return zone;
}

function secureContextFor(mxHosts: readonly MxHostSpec[]): SecureContext {
  const [first = 'localhost', ...rest] = mxHosts.map(({ host }) => host);
  const { certificate, privateKey } = selfSignedCertificate([first, ...rest]);
  return createSecureContext({ cert: certificate, key: privateKey });
}

function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
