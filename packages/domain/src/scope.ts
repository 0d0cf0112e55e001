import { ANY_RULE_ID, type MxRule } from './mx-rule.ts';

/**
 * The key of the scope in which a source's connections and messages to an MX IP are counted: over all MX IPs of a
 * shared rule, else each path alone. Sources are told apart by the public IP that providers see, never by what they bind.
 */
export function scopeKey(rule: MxRule, publicId: number, mxIp: string): string {
  return rule.shared ? `rule:${rule.id}/${publicId}` : `path:${mxIp}/${publicId}`;
}

/** What feedback from a provider is about: everything under its rule; under the last rule, which names nobody, a site. */
export function groupKey(rule: Pick<MxRule, 'id'>, siteId: number): string {
  return rule.id === ANY_RULE_ID ? `site:${siteId}` : `rule:${rule.id}`;
}
