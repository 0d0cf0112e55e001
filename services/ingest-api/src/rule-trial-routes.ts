import { DryRun, DryRunPost, RuleExplanation } from '@mxflow/contracts';
import {
  listRecentHosts,
  listScopes,
  readRuleSet,
  tryDeletingMxRule,
  type Database,
  type RuleSet,
  type ScopeState,
} from '@mxflow/db';
import {
  domainRuleFor,
  firstMatch,
  hostsOf,
  levelInForce,
  limitsAt,
  matchesMask,
  type Limits,
  type MxRule,
} from '@mxflow/domain';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { ruleOf, throwUnlessDone } from './rule-routes.ts';

const MAX_HOSTS = 5000;
const MAX_CHANGES = 500;
const SCOPES_SHOWN = 20;
const HostName = Type.String({ pattern: '^[0-9A-Za-z._-]{1,255}$' });
const Question = Type.Object(
  {
    domain: Type.Optional(HostName),
    mxhost: Type.Optional(HostName),
    source: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
  },
  { additionalProperties: false },
);

/** Rules tried first: what holds for a domain and why, and what a change would do. */
export function addRuleTrialRoutes(api: Api, { database, resolveMx }: ApiParts): void {
  api.route({
    method: 'GET',
    url: '/v1/rules/explain',
    config: { scope: 'rules:read' },
    schema: {
      tags: ['rules'],
      summary: 'The MX hosts of a domain, the rule that each gets and why, the limits in force and what binds',
      querystring: Question,
      response: { 200: RuleExplanation, ...problemsOf(401, 403, 422, 503) },
    },
    handler: async (request) => {
      const { domain, mxhost, source } = request.query;
      if ((domain === undefined) === (mxhost === undefined)) {
        throw new ProblemError('invalid', {
          faults: [{ pointer: '/domain', expected: 'either domain or mxhost', found: 'both or none' }],
        });
      }
      const resolution =
        mxhost === undefined ? await resolveMx(domain ?? '') : ({ kind: 'implicit', host: mxhost } as const);
      const ruleSet = await readRuleSet(database);
      const scopes = await listScopes(database, { limit: MAX_HOSTS });
      const hosts = hostsOf(resolution).toSorted((one, other) => one.preference - other.preference);
      const rule = domain === undefined ? undefined : domainRuleFor(ruleSet.domainRules, domain);
      return {
        ...(rule === undefined ? {} : { domainRule: { id: rule.id, action: rule.action } }),
        resolution: mxhost === undefined ? resolution.kind : 'given',
        hosts: hosts.flatMap(({ host, preference }) =>
          sourcesOf(ruleSet, source).map((publicId) => explain(ruleSet, { host, preference, publicId }, scopes)),
        ),
      };
    },
  });
  api.route({
    method: 'POST',
    url: '/v1/rules/dry-run',
    config: { scope: 'rules:read' },
    schema: {
      tags: ['rules'],
      summary: 'Which domains of the last week would get another rule or other limits',
      body: DryRunPost,
      response: { 200: DryRun, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async (request) => {
      const now = await readRuleSet(database);
      const { delete: deleted, ...change } = request.body;
      const then = changed(deleted === undefined ? now : await without(database, deleted), change);
      const hosts = await listRecentHosts(database, MAX_HOSTS);
      const changes = hosts.flatMap((host) =>
        sourcesOf(now, undefined).flatMap((source) => {
          const before = verdict(now, host.mxHost, source);
          const after = verdict(then, host.mxHost, source);
          return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ ...host, source, before, after }];
        }),
      );
      return { looked: hosts.length, changes: changes.slice(0, MAX_CHANGES) };
    },
  });
}

/** The source asked for, else all that are registered, else the first that a new instance would have. */
function sourcesOf({ sources }: RuleSet, asked: number | undefined): readonly number[] {
  if (asked !== undefined) return [asked];
  return sources.length === 0 ? [1] : sources.map(({ publicId }) => publicId);
}

function levelOf({ level, sources }: RuleSet, publicId: number): RuleSet['level'] {
  return levelInForce(level, sources.find((source) => source.publicId === publicId)?.level);
}

function verdict(ruleSet: RuleSet, mxHost: string, source: number): { ruleId: string; limits: Limits } {
  const rule = firstMatch(ruleSet.rules, mxHost, source);
  const level = levelOf(ruleSet, source);
  // Going to Custom keeps the figures in force where a rule has none of its own.
  return { ruleId: rule.id, limits: rule.limits[level] ?? limitsAt(rule, 'normal') };
}

type Change = {
  readonly put?: unknown;
  readonly before?: string;
  readonly level?: RuleSet['level'];
};

/** The rules as deleting one would leave them; what cannot be deleted is refused as DELETE refuses it. */
async function without(database: Database, id: string): Promise<RuleSet> {
  const { edit, left } = await tryDeletingMxRule(database, id);
  throwUnlessDone(edit);
  return left;
}

function changed(now: RuleSet, { put, before, level = now.level }: Change): RuleSet {
  const kept = now.rules.map((rule) => carried(rule, now, level));
  if (put === undefined) return { ...now, level, rules: kept };
  const rule = ruleOf(put, idOf(put), level);
  if (before === undefined && kept.some(({ id }) => id === rule.id)) {
    return { ...now, level, rules: kept.map((other) => (other.id === rule.id ? rule : other)) };
  }
  const others = kept.filter(({ id }) => id !== rule.id);
  const at = before === undefined ? 0 : others.findIndex(({ id }) => id === before);
  if (at < 0) throw new ProblemError('not-found');
  return { ...now, level, rules: others.toSpliced(at, 0, rule) };
}

function idOf(put: unknown): string {
  const { id } = Object(put) as { readonly id?: unknown };
  return typeof id === 'string' ? id : '';
}

function carried(rule: MxRule, now: RuleSet, level: RuleSet['level']): MxRule {
  if (level !== 'custom' || rule.limits.custom !== undefined) return rule;
  return { ...rule, limits: { ...rule.limits, custom: limitsAt(rule, now.level) } };
}

type Place = { readonly host: string; readonly preference: number; readonly publicId: number };

function explain(
  ruleSet: RuleSet,
  { host, preference, publicId }: Place,
  scopes: readonly ScopeState[],
): RuleExplanation['hosts'][number] {
  const rule = firstMatch(ruleSet.rules, host, publicId);
  const level = levelOf(ruleSet, publicId);
  return {
    mxHost: host,
    preference,
    source: publicId,
    ruleId: rule.id,
    why: whyOf(ruleSet.rules, rule, host),
    level,
    limits: limitsAt(rule, level),
    scopes: scopes
      .filter((scope) => scope.ruleId === rule.id && scope.publicId === publicId)
      .slice(0, SCOPES_SHOWN)
      .map(viewScope),
  };
}

function whyOf(rules: readonly MxRule[], rule: MxRule, host: string): string {
  const place = rules.indexOf(rule);
  const passed = rules.slice(0, place).filter(({ mask }) => matchesMask(mask, host));
  const others = passed.map(({ id, publicIds }) => `; ${id} matches the host too, for sources ${publicIds} only`);
  const sources = rule.publicIds === '' ? 'all sources' : `sources ${rule.publicIds}`;
  return `first of ${rules.length} rules (number ${place + 1}): ${rule.mask} matches ${host}, for ${sources}${others.join('')}`;
}

function viewScope(scope: ScopeState): RuleExplanation['hosts'][number]['scopes'][number] {
  const { scopeKey, connections, maxConnections, messagesPerHour, level, outstanding, suspendedMs } = scope;
  const binds =
    suspendedMs > 0 ? 'suspended' : connections >= maxConnections ? 'connections' : level < 1 ? 'rate' : undefined;
  return {
    scope: scopeKey,
    connections,
    maxConnections,
    messagesPerHour,
    tokens: level,
    outstanding,
    ...(binds === undefined ? {} : { binds }),
  };
}
