import { WhyDomain, WhyJob, WhyMessage } from '@mxflow/contracts';
import {
  findDomainSite,
  findJob,
  findMessage,
  groupWaitingWork,
  listLanes,
  readSiteFacts,
  readWaitingWork,
  type Database,
  type JobOverview,
  type WaitingWork,
} from '@mxflow/db';
import { decideWhy, messageIdOf, type WaitingJob, type WaitingMessage } from '@mxflow/domain';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { callerOf } from './authenticate.ts';
import { parsePublicMessageId } from './message-view.ts';
import { openPlaces, viewWhy, type Places } from './why-places.ts';

const Id = Type.Object({ id: Type.String({ pattern: '^[0-9A-Za-z-]{1,100}$' }) });
const Domain = Type.Object({ domain: Type.String({ pattern: '^[0-9A-Za-z._-]{1,255}$' }) });
const SAMPLE = 10_000;
const GROUPS = 20;

/** "Why is it waiting?": the constraint that binds now, when it can move next, and the last reply. */
export function addWhyRoutes(api: Api, { database }: ApiParts): void {
  api.route({
    method: 'GET',
    url: '/v1/why/messages/:id',
    config: { scope: 'jobs:read' },
    schema: {
      tags: ['why'],
      summary: 'Why a message waits',
      params: Id,
      response: { 200: WhyMessage, ...problemsOf(401, 403, 404, 503) },
    },
    handler: (request) => whyMessage(database, callerOf(request).tenantId, request.params.id),
  });
  api.route({
    method: 'GET',
    url: '/v1/why/jobs/:id',
    config: { scope: 'jobs:read' },
    schema: {
      tags: ['why'],
      summary: 'Why the messages of a job wait',
      params: Id,
      response: { 200: WhyJob, ...problemsOf(401, 403, 404, 503) },
    },
    handler: (request) => whyJob(database, callerOf(request).tenantId, request.params.id),
  });
  api.route({
    method: 'GET',
    url: '/v1/why/domains/:domain',
    config: { scope: 'rules:read' },
    schema: {
      tags: ['why'],
      summary: 'What binds for a domain now, by pool',
      params: Domain,
      response: { 200: WhyDomain, ...problemsOf(401, 403, 404, 503) },
    },
    handler: (request) => whyDomain(database, request.params.domain.toLowerCase()),
  });
}

async function whyMessage(database: Database, tenantId: number, id: string): Promise<WhyMessage> {
  const named = parsePublicMessageId(id);
  const found = named === undefined ? undefined : await findJob(database, tenantId, named.publicJobId);
  if (named === undefined || found === undefined || named.ordinal >= found.job.recipients) {
    throw new ProblemError('not-found');
  }
  const messageId = messageIdOf(found.job.jobNumber, named.ordinal);
  const work = await readWaitingWork(database, messageId);
  if (work === undefined) {
    const standing = await findMessage(database, messageId);
    if (standing === undefined) return { id, ...viewWhy(ofUnprepared(found)) };
    const reply = standing.reply === null ? {} : { lastReply: standing.reply };
    return { id, constraint: 'finished', detail: `its status is ${standing.status}`, ...reply };
  }
  const why = await whyOfWork(database, await openPlaces(database), { ...found, work });
  return { id, domain: work.domain, ...why };
}

type FoundJob = { readonly job: JobOverview; readonly now: Date };

async function whyJob(database: Database, tenantId: number, id: string): Promise<WhyJob> {
  const found = await findJob(database, tenantId, id);
  if (found === undefined) throw new ProblemError('not-found');
  const { job } = found;
  const [groups, places] = await Promise.all([
    groupWaitingWork(database, { jobNumber: job.jobNumber, sample: SAMPLE, limit: GROUPS }),
    openPlaces(database),
  ]);
  const answers = await Promise.all(
    groups.map(async (work) => {
      const { rule: _rule, ...why } = await whyOfWork(database, places, { ...found, work });
      return { messages: work.messages, domain: work.domain, siteId: work.siteId, ...why };
    }),
  );
  return { id, state: job.state, waiting: job.counts.pending + job.counts.deferred, groups: answers };
}

async function whyOfWork(
  database: Database,
  places: Places,
  { job, now, work }: FoundJob & { readonly work: WaitingWork },
) {
  const site = await readSiteFacts(database, work.siteId);
  if (site === undefined) throw new Error(`expected site ${work.siteId} of a message, found none`);
  const place = await places(site, job.pool);
  const message: WaitingMessage = {
    state: work.state,
    dueAt: work.dueAt.getTime(),
    ...(work.waitReason === null ? {} : { waitReason: work.waitReason }),
    ...(work.lastReply === null ? {} : { lastReply: work.lastReply }),
  };
  return { rule: site.rule, ...viewWhy(decideWhy({ now: now.getTime(), job: termsOf(job), message, place })) };
}

async function whyDomain(database: Database, domain: string): Promise<WhyDomain> {
  const site = await findDomainSite(database, domain);
  if (site === undefined) throw new ProblemError('not-found', { detail: 'no message was sent to this domain yet' });
  const [lanes, places] = await Promise.all([listLanes(database), openPlaces(database)]);
  const pools = [...new Set(lanes.map(({ pool }) => pool))].toSorted();
  const now = Date.now();
  const job: WaitingJob = { state: 'active', validUntil: Number.POSITIVE_INFINITY };
  const message: WaitingMessage = { state: 'waiting', dueAt: now };
  const answers = await Promise.all(
    pools.map(async (pool) => ({
      pool,
      ...viewWhy(decideWhy({ now, job, message, place: await places(site, pool) })),
    })),
  );
  return { domain, siteId: site.siteId, site: site.key, rule: site.rule, pools: answers };
}

function ofUnprepared({ job, now }: FoundJob) {
  const message: WaitingMessage = { state: 'unprepared', dueAt: now.getTime() };
  return decideWhy({ now: now.getTime(), job: termsOf(job), message, place: { pool: job.pool, sources: [] } });
}

function termsOf({ state, validUntil, notBefore }: JobOverview): WaitingJob {
  return {
    state,
    validUntil: validUntil.getTime(),
    ...(notBefore === null ? {} : { notBefore: notBefore.getTime() }),
  };
}
