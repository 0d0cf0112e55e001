import { PRESETS } from './level.ts';
import { maskCovers, maskFault } from './mask.ts';
import { ANY_RULE_ID, LIMIT_FIELDS, type Limits, type MxRule } from './mx-rule.ts';
import { parsePublicIds, publicIdsCover } from './public-ids.ts';

/** Something in the rules or sources that an operator should look at. */
export type RuleFinding = {
  readonly kind:
    | 'shadowed'
    | 'contradictory'
    | 'unreachable'
    | 'bad-mask'
    | 'bad-public-ids'
    | 'missing-limit'
    | 'not-monotone'
    | 'no-last-rule'
    | 'one-public-ip';
  /** The rule, where it is about one. */
  readonly ruleId?: string;
  /** One sentence. */
  readonly text: string;
};

type LintedSource = { readonly publicId: number; readonly publicIp: string };

/** Looks through the rules in their order, and the sources. Pure; `[]` where there is nothing to say. */
export function lintRules(rules: readonly MxRule[], sources: readonly LintedSource[]): readonly RuleFinding[] {
  return [
    ...rules.flatMap((rule, index) => [
      ...lintNames(rule),
      ...lintLimits(rule),
      ...lintOrder(rule, rules.slice(0, index)),
      ...lintReach(rule, sources),
    ]),
    ...lintLast(rules),
    ...lintSources(sources),
  ];
}

function lintNames({ id, mask, publicIds }: MxRule): readonly RuleFinding[] {
  const findings: RuleFinding[] = [];
  const fault = maskFault(mask);
  if (fault !== undefined) {
    findings.push({
      kind: 'bad-mask',
      ruleId: id,
      text: `rule ${id} matches nothing as it is meant: expected ${fault}, found ${mask}`,
    });
  }
  if (parsePublicIds(publicIds) === undefined) {
    findings.push({
      kind: 'bad-public-ids',
      ruleId: id,
      text: `rule ${id} holds for no source: ${publicIds} is no list of them`,
    });
  }
  return findings;
}

function lintLimits({ id, limits }: MxRule): readonly RuleFinding[] {
  const findings: RuleFinding[] = [];
  for (const [index, level] of PRESETS.entries()) {
    const figures: Partial<Limits> = limits[level] ?? {};
    const below = PRESETS[index - 1];
    const lower: Partial<Limits> = below === undefined ? {} : (limits[below] ?? {});
    for (const field of LIMIT_FIELDS) {
      const figure = figures[field];
      const lowerFigure = lower[field] ?? 0;
      if (figure === undefined || figure === null || !(figure >= 1)) {
        findings.push({ kind: 'missing-limit', ruleId: id, text: `rule ${id} at level ${level} lacks ${field}` });
      } else if (figure < lowerFigure) {
        findings.push({
          kind: 'not-monotone',
          ruleId: id,
          text: `rule ${id}: ${field} falls from ${lowerFigure} at ${below} to ${figure} at ${level}`,
        });
      }
    }
  }
  return findings;
}

/** An earlier rule that takes everything of this one: it never comes into play, and may even say the opposite. */
function lintOrder(rule: MxRule, earlier: readonly MxRule[]): readonly RuleFinding[] {
  const taker = earlier.find(
    ({ mask, publicIds }) => maskCovers(mask, rule.mask) && publicIdsCover(publicIds, rule.publicIds),
  );
  if (taker === undefined) return [];
  const isSame = taker.mask.toLowerCase() === rule.mask.toLowerCase() && taker.publicIds === rule.publicIds;
  return isSame && saysOtherwise(taker, rule)
    ? [
        {
          kind: 'contradictory',
          ruleId: rule.id,
          text: `rules ${taker.id} and ${rule.id} name the same hosts and sources and say different things; ${taker.id} holds`,
        },
      ]
    : [
        {
          kind: 'shadowed',
          ruleId: rule.id,
          text: `rule ${rule.id} (${rule.mask}) never holds: ${taker.id} (${taker.mask}) comes first and takes all of it`,
        },
      ];
}

function saysOtherwise(one: MxRule, other: MxRule): boolean {
  const figures = ({ limits, shared, tls }: MxRule): string =>
    JSON.stringify([shared, tls, PRESETS.map((level) => LIMIT_FIELDS.map((field) => limits[level]?.[field]))]);
  return figures(one) !== figures(other);
}

/** A rule for sources of which none is registered. */
function lintReach({ id, publicIds }: MxRule, sources: readonly LintedSource[]): readonly RuleFinding[] {
  const ranges = publicIds === '' ? undefined : parsePublicIds(publicIds);
  if (ranges === undefined || sources.length === 0) return [];
  const isReached = sources.some(({ publicId }) => ranges.some(({ from, to }) => from <= publicId && publicId <= to));
  return isReached
    ? []
    : [
        {
          kind: 'unreachable',
          ruleId: id,
          text: `rule ${id} is for sources ${publicIds}, none of which is registered`,
        },
      ];
}

function lintLast(rules: readonly MxRule[]): readonly RuleFinding[] {
  const last = rules.at(-1);
  if (last?.id === ANY_RULE_ID && last.mask === '*' && last.publicIds === '' && !last.shared) return [];
  return [{ kind: 'no-last-rule', text: `the last rule must be ${ANY_RULE_ID}: mask *, all sources, not shared` }];
}

/** Two numbers for one IP would be counted apart, while the provider counts them together. */
function lintSources(sources: readonly LintedSource[]): readonly RuleFinding[] {
  return [...Map.groupBy(sources, ({ publicIp }) => publicIp)]
    .filter(([, same]) => same.length > 1)
    .map(([publicIp, same]) => ({
      kind: 'one-public-ip',
      text: `sources ${same.map(({ publicId }) => publicId).join(', ')} share the public IP ${publicIp}: providers count them as one, we as several`,
    }));
}
