import { readRuleSet, type Database } from '@mxflow/db';
import {
  domainRuleFor,
  firstMatch,
  groupKey,
  levelInForce,
  limitsAt,
  scopeKey,
  type DomainRule,
  type Limits,
  type MxRule,
} from '@mxflow/domain';

/** One source towards one address of one MX host, on behalf of a site: what a connection is to be opened for. */
export type PathPoint = {
  readonly publicId: number;
  readonly mxHost: string;
  readonly mxIp: string;
  readonly siteId: number;
};

/** What the rules say about a path: which scope counts it, and how much it may carry. */
export type PathRule = {
  readonly rule: MxRule;
  readonly limits: Limits;
  readonly scopeKey: string;
  readonly groupKey: string;
};

type RuleSet = Awaited<ReturnType<typeof readRuleSet>>;

/** The rules in force as this worker knows them. Postgres refuses whoever asks by an older version. */
export type RuleBook = {
  readonly version: number;
  readonly sources: RuleSet['sources'];
  of(point: PathPoint): PathRule;
  /** The domain rule that takes a domain's mail away; `undefined` where it may be sent. */
  readonly barring: (domain: string) => DomainRule | undefined;
  /** Reads them anew where the version given is not the one at hand; `true` when they changed. */
  refresh(version?: number): Promise<boolean>;
};

/** Answers remembered between two versions. */
const MAX_REMEMBERED = 20_000;

export async function openRuleBook(database: Database): Promise<RuleBook> {
  let set = await readRuleSet(database);
  const matched = new Map<string, { readonly rule: MxRule; readonly limits: Limits }>();
  const match = (mxHost: string, publicId: number): { readonly rule: MxRule; readonly limits: Limits } => {
    const key = `${publicId} ${mxHost}`;
    const known = matched.get(key);
    if (known !== undefined) return known;
    const rule = firstMatch(set.rules, mxHost, publicId);
    const own = set.sources.find((source) => source.publicId === publicId)?.level;
    const limits = limitsAt(rule, levelInForce(set.level, own));
    if (matched.size >= MAX_REMEMBERED) matched.clear();
    matched.set(key, { rule, limits });
    return { rule, limits };
  };
  return {
    get version() {
      return set.version;
    },
    get sources() {
      return set.sources;
    },
    of: ({ mxHost, mxIp, publicId, siteId }) => {
      const { rule, limits } = match(mxHost, publicId);
      return { rule, limits, scopeKey: scopeKey(rule, publicId, mxIp), groupKey: groupKey(rule, siteId) };
    },
    barring: (domain) => {
      const rule = domainRuleFor(set.domainRules, domain);
      return rule?.action === 'no-mail' ? rule : undefined;
    },
    refresh: async (version) => {
      if (version === set.version) return false;
      const before = set.version;
      set = await readRuleSet(database);
      matched.clear();
      return set.version !== before;
    },
  };
}
