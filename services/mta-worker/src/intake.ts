import { markDomainMoved, type Database } from '@mxflow/db';
import { chooseSource, siteKey, type DomainRule, type MessageId, type MxResolution, type Source } from '@mxflow/domain';
import { done, later, type ConsumedMessage, type LaneQueue, type Messaging, type Verdict } from '@mxflow/messaging';
import type { Resolver } from '@mxflow/resolver';

import { barredDomain, invalidDomain, sent, unsendable } from './attempt-outcome.ts';
import type { WorkerEvents } from './events.ts';
import type { JobCache } from './job-cache.ts';
import type { LaneMessage, LoadedJob } from './lane-message.ts';
import type { AnswerOffline, Offline } from './offline.ts';
import type { Paths } from './paths.ts';
import type { PutBack } from './put-back.ts';
import { createSiteKeys, type SiteKeys } from './site-keys.ts';

export type IntakeOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly resolver: Resolver;
  readonly jobs: JobCache;
  readonly paths: Paths;
  readonly offline: Offline;
  readonly putBack: PutBack;
  readonly events: WorkerEvents;
  /** Those of the sources that may send to a domain now. */
  readonly usable: (sources: readonly Source[], domain: string) => readonly Source[];
  /** The domain rule that takes a domain's mail away. */
  readonly barring: (domain: string) => DomainRule | undefined;
};

/** Where a released message is to wait in this worker. */
type Route =
  | { readonly kind: 'path'; readonly source: Source }
  | { readonly kind: 'simulate'; readonly job: LoadedJob }
  | { readonly kind: 'unsendable'; readonly because: string }
  | { readonly kind: 'invalid-domain' }
  | { readonly kind: 'barred-domain'; readonly rule: string }
  | { readonly kind: 'park'; readonly delayMs: number; readonly reason: string; readonly lastReply?: string };

/** Milliseconds until a domain whose name servers do not answer is asked for again. */
const AFTER_DNS_FAILURE_MS = 60_000;
/** Milliseconds in which the dispatcher moves a domain's messages to its new site. */
const AFTER_MOVE_MS = 5000;
const RETRY_MS = 1000;
/** Milliseconds until it is looked again for a source that may send to a domain. */
const NO_SOURCE_MS = 30_000;

/** Takes the messages of the lanes in, and finds each its place in this worker. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #keyOfSite: SiteKeys;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#keyOfSite = createSiteKeys(options.database);
  }

  /** Resolves when what became of the message is durable. `sources` are those of the lane's pool. */
  async handle(message: ConsumedMessage<LaneQueue>, sources: readonly Source[]): Promise<Verdict> {
    const { events, messaging } = this.#options;
    if (message.redelivered) {
      events.redelivered();
      const { messageId, attempt } = message.body;
      await messaging.publish('delivery.redelivered.v1', { messageId, attempt });
      return done;
    }
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const lane: LaneMessage = {
      ...message.body,
      messageId: message.body.messageId as MessageId,
      traceparent: message.traceparent,
      arrivedAtMs: performance.now(),
      settle: () => resolve(done),
    };
    try {
      this.#follow(lane, await this.#route(lane, sources));
    } catch (error) {
      // Nothing was claimed: the database or the resolver could not be asked.
      events.intakeFailed(error);
      return later(RETRY_MS);
    }
    return await promise;
  }

  async #route(lane: LaneMessage, sources: readonly Source[]): Promise<Route> {
    const job = await this.#options.jobs(lane.jobNumber);
    if (job === undefined) return { kind: 'unsendable', because: 'the job is gone' };
    if ('unusable' in job) return { kind: 'unsendable', because: job.unusable };
    if (job.definition.mode === 'simulate') return { kind: 'simulate', job };
    const barring = this.#options.barring(lane.domain);
    if (barring !== undefined) return { kind: 'barred-domain', rule: barring.id };
    const odd = await this.#routeByDns(lane, await this.#options.resolver.mx(lane.domain));
    if (odd !== undefined) return odd;
    const usable = this.#options.usable(sources, lane.domain);
    // A retry keeps its source while that may be used: a greylisting host knows it already (RFC 6647).
    const source = usable.find(({ publicId }) => publicId === lane.source) ?? this.#choose(usable, lane.siteId);
    if (source === undefined) return { kind: 'park', delayMs: NO_SOURCE_MS, reason: 'no-source' };
    return { kind: 'path', source };
  }

  /** By weight among those that have room; where none has, among all. */
  #choose(usable: readonly Source[], siteId: number): Source | undefined {
    const roomy = usable.filter((source) => this.#options.paths.hasRoom({ siteId, source }));
    return chooseSource(roomy.length > 0 ? roomy : usable, Math.random());
  }

  /** What DNS says that keeps a message from its path; `undefined` where nothing does. */
  async #routeByDns(lane: LaneMessage, resolution: MxResolution): Promise<Route | undefined> {
    switch (resolution.kind) {
      case 'null-mx':
      case 'no-such-domain':
        return { kind: 'invalid-domain' };
      case 'temporary-failure': {
        const lastReply = `DNS: ${resolution.because}`;
        return { kind: 'park', delayMs: AFTER_DNS_FAILURE_MS, reason: 'dns-unavailable', lastReply };
      }
      case 'hosts':
      case 'implicit':
        break;
    }
    if ((await this.#keyOfSite(lane.siteId)) === siteKey(lane.domain, resolution)) return undefined;
    await markDomainMoved(this.#options.database, lane.domain);
    return { kind: 'park', delayMs: AFTER_MOVE_MS, reason: 'domain-moved' };
  }

  #follow(lane: LaneMessage, way: Route): void {
    const { paths, offline } = this.#options;
    switch (way.kind) {
      case 'path':
        return paths.add({ siteId: lane.siteId, source: way.source }, lane);
      case 'simulate':
        return offline.add(lane, simulate(way.job));
      case 'unsendable':
        return offline.add(lane, async (_message, facts) => unsendable(facts, way.because));
      case 'invalid-domain':
        return offline.add(lane, async (_message, facts) => invalidDomain(facts, lane.domain));
      case 'barred-domain':
        return offline.add(lane, async (_message, facts) => barredDomain(facts, lane.domain, way.rule));
      case 'park':
        return this.#park(lane, way);
    }
  }

  #park(message: LaneMessage, { delayMs, reason, lastReply }: Extract<Route, { kind: 'park' }>): void {
    const { events, putBack } = this.#options;
    events.parked(reason);
    const how = { delayMs, reason, ...(lastReply === undefined ? {} : { lastReply }) };
    putBack.park(message, how).catch((error: unknown) => events.intakeFailed(error));
  }
}

/** Everything but the connection. */
function simulate({ compiled }: LoadedJob): AnswerOffline {
  return async ({ lane, address, variables }, facts) => {
    const { messageId, attempt } = lane;
    const composed = await compiled.compose({ messageId, attempt, address, variables, now: facts.at });
    if (composed.kind === 'unsendable') return unsendable(facts, composed.because);
    return sent(facts, { code: 250, enhanced: undefined, lines: ['simulated: composed, not sent'] });
  };
}
