import type { DomainRule, Level, Limits, MxRule, Preset, Source, SiteBlock } from '@mxflow/domain';
import type { Database, Reads } from './database.ts';
import { announceRules, lockInstance } from './mx-rule-edits.ts';

/** A source as operators see it: what workers registered, and what was decided about it here. */
export type RegisteredSource = Pick<Source, 'publicId' | 'publicIp' | 'heloName' | 'weight' | 'pools'> & {
  readonly includeDomains: readonly string[];
  readonly excludeDomains: readonly string[];
  /** Overrides the instance's level. */
  readonly level?: Preset;
  readonly paused: boolean;
};

/** Everything that decides what may be sent, as of one version. */
export type RuleSet = {
  readonly version: number;
  readonly level: Level;
  /** In their order; the last takes everything. */
  readonly rules: readonly MxRule[];
  /** In their order, those that are switched on. */
  readonly domainRules: readonly DomainRule[];
  readonly sources: readonly RegisteredSource[];
};

/** Reads what is in force, in one statement: rules, level and sources belong together. */
export async function readRuleSet(database: Reads): Promise<RuleSet> {
  const [row] = await database.client.$queryRawUnsafe<
    (Pick<RuleSet, 'version' | 'level' | 'domainRules'> & {
      readonly rules: readonly RuleRow[];
      readonly sources: readonly SourceRow[];
    })[]
  >(READ);
  if (row === undefined) throw new Error('expected the row of the instance, found none');
  return {
    version: row.version,
    level: row.level,
    rules: row.rules.map(toRule),
    domainRules: row.domainRules,
    sources: row.sources.map(({ level, ...source }) => ({ ...source, ...(level === null ? {} : { level }) })),
  };
}

type RuleRow = Omit<MxRule, 'limits' | 'block' | 'note'> & {
  readonly limits: Readonly<Partial<Record<Level, Limits>>>;
  readonly block: SiteBlock | null;
  readonly note: string | null;
};
type SourceRow = Omit<RegisteredSource, 'level'> & { readonly level: Preset | null };

function toRule({ block, note, ...rule }: RuleRow): MxRule {
  return { ...rule, ...(block === null ? {} : { block }), ...(note === null ? {} : { note }) };
}

const READ = `
  SELECT i.rules_version::float8 AS version, i.level,
    (SELECT jsonb_agg(jsonb_build_object('id', r.id, 'mask', r.mask, 'publicIds', r.public_ids, 'shared', r.shared,
      'connectTimeoutSeconds', r.connect_timeout_seconds, 'dataTimeoutSeconds', r.data_timeout_seconds,
      'timeoutSeconds', r.timeout_seconds, 'tls', r.tls, 'block', r.block, 'origin', r.origin, 'note', r.note,
      'limits', (SELECT coalesce(jsonb_object_agg(l.level, jsonb_build_object('maxConnections', l.max_connections,
        'maxMessagesPerConnection', l.max_messages_per_connection, 'messagesPerHour', l.messages_per_hour)), '{}')
        FROM mx_rule_limits l WHERE l.rule_id = r.id)) ORDER BY r.position, r.id) FROM mx_rules r) AS rules,
    (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', d.id, 'mask', d.mask, 'action', d.action,
      'note', d.note)) ORDER BY d.position, d.id), '[]') FROM domain_rules d WHERE d.enabled) AS "domainRules",
    (SELECT coalesce(jsonb_agg(jsonb_build_object('publicId', s.public_id, 'publicIp', s.public_ip,
      'heloName', s.helo_name, 'weight', s.weight, 'pools', s.pools, 'includeDomains', s.include_domains,
      'excludeDomains', s.exclude_domains, 'level', s.level, 'paused', s.paused_at IS NOT NULL) ORDER BY s.public_id), '[]')
      FROM sources s) AS sources
  FROM instance i`;

/**
 * Registers what a worker knows of its sources: addresses, weights, pools and domain masks come from its configuration,
 * the last to register wins. What operators decided about a source stays. A change is a new version of the rules.
 */
export async function registerSources(database: Database, sources: readonly Source[]): Promise<void> {
  const rows = sources.map((source) => ({
    public_id: source.publicId,
    public_ip: source.publicIp,
    helo_name: source.heloName,
    weight: source.weight,
    pools: source.pools,
    include_domains: source.includeDomains ?? [],
    exclude_domains: source.excludeDomains ?? [],
  }));
  await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    const changed = await tx.$executeRawUnsafe(
      `INSERT INTO sources AS s (public_id, public_ip, helo_name, weight, pools, include_domains, exclude_domains)
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS g(public_id int, public_ip text, helo_name text, weight float8,
         pools text[], include_domains text[], exclude_domains text[]) ORDER BY public_id
       ON CONFLICT (public_id) DO UPDATE SET public_ip = excluded.public_ip, helo_name = excluded.helo_name,
         weight = excluded.weight, pools = excluded.pools, include_domains = excluded.include_domains,
         exclude_domains = excluded.exclude_domains, registered_at = mxflow_now()
       WHERE (s.public_ip, s.helo_name, s.weight, s.pools, s.include_domains, s.exclude_domains)
         IS DISTINCT FROM (excluded.public_ip, excluded.helo_name, excluded.weight, excluded.pools,
           excluded.include_domains, excluded.exclude_domains)`,
      JSON.stringify(rows),
    );
    if (changed > 0) await announceRules(tx);
  });
}
