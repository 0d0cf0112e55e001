import { markDomainMoved, readSites, type Database } from '@mxflow/db';
import { chooseSource, siteKey, type MessageId, type MxResolution, type Source } from '@mxflow/domain';
import { done, later, type ConsumedMessage, type LaneQueue, type Messaging, type Verdict } from '@mxflow/messaging';
import type { Resolver } from '@mxflow/resolver';
import { invalidDomain, sent, unsendable } from './attempt-outcome.ts';
import type { WorkerEvents } from './events.ts';
import { gather } from './gather.ts';
import type { JobCache } from './job-cache.ts';
import type { LaneMessage, LoadedJob } from './lane-message.ts';
import type { Offline } from './offline.ts';
import type { Paths } from './paths.ts';
import type { PutBack } from './put-back.ts';

export type IntakeOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly resolver: Resolver;
  readonly jobs: JobCache;
  readonly paths: Paths;
  readonly offline: Offline;
  readonly putBack: PutBack;
  readonly events: WorkerEvents;
};

/** Where a released message is to wait in this worker. */
type Route =
  | { readonly kind: 'path'; readonly source: Source }
  | { readonly kind: 'simulate'; readonly job: LoadedJob }
  | { readonly kind: 'unsendable'; readonly because: string }
  | { readonly kind: 'invalid-domain' }
  | { readonly kind: 'park'; readonly delayMs: number; readonly reason: string; readonly lastReply?: string };

/** Milliseconds until a domain whose name servers do not answer is asked for again. */
const AFTER_DNS_FAILURE_MS = 60_000;
/** Milliseconds in which the dispatcher moves a domain's messages to its new site. */
const AFTER_MOVE_MS = 5000;

/** Handles the messages of one lane, for a pool with these sources. The verdict comes when the message is settled. */
export function createIntake(
  options: IntakeOptions,
): (sources: readonly Source[]) => (message: ConsumedMessage<LaneQueue>) => Promise<Verdict> {
  const keyOfSite = createSiteKeys(options.database);
  return (sources) => async (message) => {
    if (message.redelivered) {
      options.events.redelivered();
      const { messageId, attempt } = message.body;
      await options.messaging.publish('delivery.redelivered.v1', { messageId, attempt });
      return done;
    }
    return await new Promise<Verdict>((resolve, reject) => {
      const lane: LaneMessage = {
        ...message.body,
        messageId: message.body.messageId as MessageId,
        traceparent: message.traceparent,
        settle: () => resolve(done),
      };
      route(lane, sources).then((way) => follow(lane, way), reject);
    }).catch((error: unknown) => {
      // Nothing was claimed: the database or the resolver could not be asked.
      options.events.intakeFailed(error);
      return later(RETRY_MS);
    });
  };

  async function route(lane: LaneMessage, sources: readonly Source[]): Promise<Route> {
    const job = await options.jobs(lane.jobNumber);
    if (job === undefined) return { kind: 'unsendable', because: 'the job is gone' };
    if ('unusable' in job) return { kind: 'unsendable', because: job.unusable };
    if (job.definition.mode === 'simulate') return { kind: 'simulate', job };
    const resolution = await options.resolver.mx(lane.domain);
    const odd = await routeByDns(lane, resolution);
    if (odd !== undefined) return odd;
    const source = sources.find(({ publicId }) => publicId === lane.source) ?? chooseSource(sources, Math.random());
    if (source === undefined) return { kind: 'park', delayMs: RETRY_MS, reason: 'no-source' };
    return { kind: 'path', source };
  }

  /** What DNS says that keeps a message from its path; `undefined` where nothing does. */
  async function routeByDns(lane: LaneMessage, resolution: MxResolution): Promise<Route | undefined> {
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
    if ((await keyOfSite(lane.siteId)) === siteKey(lane.domain, resolution)) return undefined;
    await markDomainMoved(options.database, lane.domain);
    return { kind: 'park', delayMs: AFTER_MOVE_MS, reason: 'domain-moved' };
  }

  function follow(lane: LaneMessage, way: Route): void {
    switch (way.kind) {
      case 'path':
        return options.paths.add({ siteId: lane.siteId, source: way.source }, lane);
      case 'simulate':
        return options.offline.add(lane, async ({ address, variables }, facts) => {
          const { messageId, attempt } = lane;
          const composed = await way.job.compiled.compose({ messageId, attempt, address, variables, now: facts.at });
          if (composed.kind === 'unsendable') return unsendable(facts, composed.because);
          return sent(facts, { code: 250, enhanced: undefined, lines: ['simulated: composed, not sent'] });
        });
      case 'unsendable':
        return options.offline.add(lane, async (_message, facts) => unsendable(facts, way.because));
      case 'invalid-domain':
        return options.offline.add(lane, async (_message, facts) => invalidDomain(facts, lane.domain));
      case 'park': {
        const { messageId, attempt } = lane;
        const { delayMs, reason, lastReply } = way;
        const parked = { messageId, attempt, delayMs, reason, ...(lastReply === undefined ? {} : { lastReply }) };
        options.events.parked(reason);
        return void options.putBack.park(parked).then(lane.settle, options.events.intakeFailed);
      }
    }
  }
}

const RETRY_MS = 1000;
const MAX_SITES = 100_000;

/** Keys of sites never change, so that each is read once. */
function createSiteKeys(database: Database): (siteId: number) => Promise<string | undefined> {
  const known = new Map<number, string>();
  const read = gather<number, string | undefined>(
    async (siteIds) => {
      const sites = await readSites(database, [...new Set(siteIds)]);
      if (known.size > MAX_SITES) known.clear();
      for (const site of sites) known.set(site.siteId, site.key);
      return siteIds.map((siteId) => known.get(siteId));
    },
    { maxBatch: 500 },
  );
  return async (siteId) => known.get(siteId) ?? (await read(siteId));
}
