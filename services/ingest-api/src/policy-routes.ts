import {
  PolicyChange,
  PolicyList,
  PolicyPut,
  QuarantineSettingsPatch,
  QuarantineSettingsView,
  type PolicyView,
} from '@mxflow/contracts';
import {
  changeQuarantineSettings,
  countPolicyEffect,
  readQuarantineTerms,
  resetPolicy,
  setPolicy,
  type Database,
  type QuarantineTermsNow,
} from '@mxflow/db';
import { FAILURE_REASONS, policiesInForce, type FailureReason, type ReasonPolicy } from '@mxflow/domain';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';

/** What is ignored is never held against an address: there is nothing to set. */
const REASONS = FAILURE_REASONS.filter((reason) => reason !== 'ignored');
const ReasonPath = Type.Object({ reason: Type.Enum(REASONS) });
const DryRunQuery = Type.Object({ dryRun: Type.Boolean({ default: false }) }, { additionalProperties: false });
const tags = ['policies'];
const read = { config: { scope: 'bounces:read' } } as const;
const write = { config: { scope: 'bounces:write' } } as const;

/** What failures do to addresses: a policy for each reason, and the figures that hold for all. */
export function addPolicyRoutes(api: Api, parts: ApiParts): void {
  addList(api, parts);
  addChanges(api, parts);
  addSettings(api, parts);
}

function addList(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/policies',
    schema: {
      tags,
      summary: 'The policy in force for each reason, and where it comes from',
      response: { 200: PolicyList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => {
      const terms = await readQuarantineTerms(database.client);
      return { policies: REASONS.map((reason) => viewPolicy(terms, reason)) };
    },
  });
}

function addChanges(api: Api, { database }: ApiParts): void {
  const answers = { 200: PolicyChange, ...problemsOf(400, 401, 403, 404, 422, 503) };
  api.route({
    ...write,
    method: 'PUT',
    url: '/v1/policies/:reason',
    schema: {
      tags,
      summary: 'Lay a policy of your own over the one of the set; it holds for errors from then on',
      params: ReasonPath,
      querystring: DryRunQuery,
      body: PolicyPut,
      response: answers,
    },
    handler: async ({ params: { reason }, query: { dryRun }, body }) => {
      const before = viewPolicy(await readQuarantineTerms(database.client), reason);
      const after = { reason, ...body, origin: 'local' } as const;
      const change = await describeChange(database, { before, after, dryRun });
      if (!dryRun) await setPolicy(database, { reason, ...body });
      return change;
    },
  });
  api.route({
    ...write,
    method: 'DELETE',
    url: '/v1/policies/:reason',
    schema: {
      tags,
      summary: 'Take your own policy away: the one of the set holds again',
      params: ReasonPath,
      querystring: DryRunQuery,
      response: answers,
    },
    handler: async ({ params: { reason }, query: { dryRun } }) => {
      const terms = await readQuarantineTerms(database.client);
      const before = viewPolicy(terms, reason);
      if (before.origin !== 'local') {
        throw new ProblemError('not-found', { detail: `${reason} has no policy of your own: that of the set holds` });
      }
      const change = await describeChange(database, { before, after: policyOfSet(terms, reason), dryRun });
      if (!dryRun) await resetPolicy(database, reason);
      return change;
    },
  });
}

function addSettings(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/quarantine-settings',
    schema: {
      tags,
      summary: 'The figures that hold for every reason: significance, resets, complaints, the guard, raw mail',
      response: { 200: QuarantineSettingsView, ...problemsOf(401, 403, 503) },
    },
    handler: async () => (await readQuarantineTerms(database.client)).settings,
  });
  api.route({
    ...write,
    method: 'PATCH',
    url: '/v1/quarantine-settings',
    schema: {
      tags,
      summary: 'Change some of them; answers what holds then',
      querystring: DryRunQuery,
      body: QuarantineSettingsPatch,
      response: { 200: QuarantineSettingsView, ...problemsOf(400, 401, 403, 422, 503) },
    },
    handler: async ({ query: { dryRun }, body }) => {
      if (!dryRun) await changeQuarantineSettings(database, body);
      return { ...(await readQuarantineTerms(database.client)).settings, ...body };
    },
  });
}

function viewPolicy({ policies, stored }: QuarantineTermsNow, reason: FailureReason): PolicyView {
  const origins = stored.filter((policy) => policy.reason === reason).map(({ origin }) => origin);
  const origin = (['local', 'pulled'] as const).find((each) => origins.includes(each)) ?? 'bundled';
  return { ...policies[reason], origin };
}

/** The policy that holds without the operator's. */
function policyOfSet(terms: QuarantineTermsNow, reason: FailureReason): PolicyView {
  const stored = terms.stored.filter(({ origin }) => origin !== 'local');
  return viewPolicy({ ...terms, stored, policies: policiesInForce(stored) }, reason);
}

type Change = { readonly before: PolicyView; readonly after: PolicyView; readonly dryRun: boolean };

async function describeChange(database: Database, change: Change): Promise<PolicyChange> {
  const effectOf = async ({ reason, quarantineAt }: ReasonPolicy) =>
    await countPolicyEffect(database, { reason, quarantineAt });
  return { ...change, addresses: { before: await effectOf(change.before), after: await effectOf(change.after) } };
}
