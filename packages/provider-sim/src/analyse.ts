import { CopyCounter } from './copy-counter.ts';
import type { RefereeEvent } from './referee-event.ts';
import { OpenGauge, SlidingPeak } from './sliding-peak.ts';

export type AnalysisOptions = {
  /** Lengths of the sliding windows whose fullest is looked for, in milliseconds. Default: one second, one minute, one hour. */
  readonly windowsMs?: readonly number[];
  /** Span over which means and the counts `…InSpan` are taken; default: from the first event to the last. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /**
   * What limits are counted over: name of a kind of scope → the scope that an event belongs to, `undefined` for none.
   * Default: `path` (source and server address), `provider` (source and provider), `server` (provider, all sources).
   */
  readonly scopes?: Readonly<Record<string, ScopeOf>>;
};
export type ScopeOf = (event: Pick<RefereeEvent, 'src' | 'dst' | 'srv'>) => string | undefined;

export type ScopeAnalysis = {
  readonly connections: number;
  /** Most connections open at once. */
  readonly maxConnections: number;
  /** Mean of the connections open, over the span. */
  readonly meanConnections: number;
  /** Most MAIL commands on one connection. */
  readonly maxMessagesPerConnection: number;
  /** MAIL commands. */
  readonly messages: number;
  readonly messagesInSpan: number;
  /** Window length in milliseconds → most MAIL commands in any window of that length. */
  readonly peakMessages: Readonly<Record<number, number>>;
  /** Forward-paths accepted. */
  readonly accepted: number;
  readonly acceptedInSpan: number;
  /** Replies of 4yz and 5yz, by code. */
  readonly refused: Readonly<Record<number, number>>;
};

export type Analysis = {
  readonly events: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Kind of scope → scope → figures. */
  readonly scopes: Readonly<Record<string, Readonly<Record<string, ScopeAnalysis>>>>;
  readonly accepted: number;
  readonly stillOpen: number;
  /** Message and forward-path accepted more than once, with the number of times. */
  readonly duplicates: readonly {
    readonly id: string;
    readonly rcpt: string;
    readonly times: number;
  }[];
  /** What clients did against the protocol, with the number of times. */
  readonly violations: Readonly<Record<string, number>>;
};

export const DEFAULT_SCOPES = {
  path: ({ src, dst }) => `${src} ${dst}`,
  provider: ({ src, srv }) => `${src} ${srv}`,
  server: ({ srv }) => srv,
} as const satisfies Record<string, ScopeOf>;

const DEFAULT_WINDOWS_MS = [1000, 60_000, 3_600_000];

/**
 * Computes from the raw events what each provider could see. Reads each event once, in the order of time; memory grows
 * with the connections open, the fullest windows, and a few octets for each message accepted.
 */
export async function analyse(
  events: AsyncIterable<RefereeEvent> | Iterable<RefereeEvent>,
  options: AnalysisOptions = {},
): Promise<Analysis> {
  const tally = new Tally(options);
  for await (const event of events) tally.add(event);
  return tally.result();
}

class Tally {
  readonly #windowsMs: readonly number[];
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #scopeKinds: readonly (readonly [kind: string, scopeOf: ScopeOf])[];
  readonly #scopes = new Map<string, Map<string, ScopeTally>>();
  readonly #open = new Map<number, { readonly scopes: readonly ScopeTally[]; messages: number }>();
  readonly #copies = new CopyCounter();
  readonly #violations: Record<string, number> = {};
  #events = 0;
  #accepted = 0;
  #firstAtMs: number | undefined;
  #lastAtMs = 0;

  constructor(options: AnalysisOptions) {
    this.#windowsMs = options.windowsMs ?? DEFAULT_WINDOWS_MS;
    this.#fromMs = options.fromMs ?? Number.NEGATIVE_INFINITY;
    this.#toMs = options.toMs ?? Number.POSITIVE_INFINITY;
    this.#scopeKinds = Object.entries(options.scopes ?? DEFAULT_SCOPES);
    for (const [kind] of this.#scopeKinds) this.#scopes.set(kind, new Map());
  }

  add(event: RefereeEvent): void {
    if (event.t < this.#lastAtMs) {
      throw new RangeError(`expected events in the order of their time, found ${event.t} after ${this.#lastAtMs}`);
    }
    this.#firstAtMs ??= event.t;
    this.#lastAtMs = event.t;
    this.#events += 1;
    const inSpan = event.t >= this.#fromMs && event.t < this.#toMs;
    switch (event.e) {
      case 'open':
        this.#opened(event);
        break;
      case 'close':
        this.#closed(event);
        break;
      case 'mail':
        this.#mailed(event, inSpan);
        break;
      case 'accepted':
        this.#accepted += 1;
        this.#copies.add(event.id, event.rcpt);
        for (const scope of this.#scopesOf(event)) {
          scope.accepted += 1;
          if (inSpan) scope.acceptedInSpan += 1;
        }
        break;
      case 'refused':
        for (const { refused } of this.#scopesOf(event)) refused[event.code] = (refused[event.code] ?? 0) + 1;
        break;
      case 'violation':
        this.#violations[event.what] = (this.#violations[event.what] ?? 0) + 1;
        break;
      case 'report':
        break;
    }
  }

  #opened(event: RefereeEvent): void {
    const scopes = this.#scopesOf(event);
    this.#open.set(event.c, { scopes, messages: 0 });
    for (const scope of scopes) {
      scope.connections += 1;
      scope.gauge.change(1, event.t);
    }
  }

  #closed(event: RefereeEvent): void {
    const connection = this.#open.get(event.c);
    if (connection === undefined) return;
    this.#open.delete(event.c);
    for (const scope of connection.scopes) scope.gauge.change(-1, event.t);
  }

  #mailed(event: RefereeEvent, inSpan: boolean): void {
    const connection = this.#open.get(event.c);
    if (connection !== undefined) connection.messages += 1;
    for (const scope of connection?.scopes ?? this.#scopesOf(event)) {
      scope.messages += 1;
      if (inSpan) scope.messagesInSpan += 1;
      scope.maxMessagesPerConnection = Math.max(scope.maxMessagesPerConnection, connection?.messages ?? 1);
      for (const peak of scope.peaks) peak.add(event.t);
    }
  }

  #scopesOf(event: RefereeEvent): readonly ScopeTally[] {
    const found: ScopeTally[] = [];
    for (const [kind, scopeOf] of this.#scopeKinds) {
      const name = scopeOf(event);
      const scopes = this.#scopes.get(kind);
      if (name === undefined || scopes === undefined) continue;
      let scope = scopes.get(name);
      if (scope === undefined) {
        scope = new ScopeTally(this.#windowsMs, this.#fromMs, this.#toMs);
        scopes.set(name, scope);
      }
      found.push(scope);
    }
    return found;
  }

  result(): Analysis {
    const records = { fromMs: this.#firstAtMs ?? 0, toMs: this.#lastAtMs };
    const scopes = [...this.#scopes].map(([kind, members]) => [
      kind,
      Object.fromEntries([...members].map(([name, scope]) => [name, scope.figures(records)])),
    ]);
    return {
      events: this.#events,
      fromMs: Math.max(records.fromMs, this.#fromMs),
      toMs: Math.min(records.toMs, this.#toMs),
      scopes: Object.fromEntries(scopes),
      accepted: this.#accepted,
      stillOpen: this.#open.size,
      duplicates: this.#copies.duplicates(),
      violations: this.#violations,
    };
  }
}

class ScopeTally {
  connections = 0;
  messages = 0;
  messagesInSpan = 0;
  accepted = 0;
  acceptedInSpan = 0;
  maxMessagesPerConnection = 0;
  readonly refused: Record<number, number> = {};
  readonly gauge: OpenGauge;
  readonly peaks: readonly SlidingPeak[];

  constructor(windowsMs: readonly number[], fromMs: number, toMs: number) {
    this.gauge = new OpenGauge(fromMs, toMs);
    this.peaks = windowsMs.map((windowMs) => new SlidingPeak(windowMs));
  }

  figures(records: { readonly fromMs: number; readonly toMs: number }): ScopeAnalysis {
    return {
      connections: this.connections,
      maxConnections: this.gauge.peak,
      meanConnections: this.gauge.mean(records),
      maxMessagesPerConnection: this.maxMessagesPerConnection,
      messages: this.messages,
      messagesInSpan: this.messagesInSpan,
      peakMessages: Object.fromEntries(this.peaks.map(({ windowMs, peak }) => [windowMs, peak])),
      accepted: this.accepted,
      acceptedInSpan: this.acceptedInSpan,
      refused: this.refused,
    };
  }
}
