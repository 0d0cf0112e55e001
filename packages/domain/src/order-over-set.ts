/** A rule in force, in the order in which rules are. */
export type PlacedRule = {
  readonly id: string;
  /** An operator's, which no set changes. */
  readonly isLocal: boolean;
};

/**
 * The order of rules when a set takes the place of another: that of the set, and operators' rules where they were put. An
 * operator's version of a rule of the set stands where the set has that rule; any other rule of theirs stays right behind
 * the rule that it stands behind now, and before all where that is gone or there is none.
 *
 * @param placed what is in force, in its order.
 * @param before ids of the set that is replaced, in its order.
 * @param after ids of the new one.
 */
export function orderOverSet(
  placed: readonly PlacedRule[],
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  const ids = placed.map(({ id }) => id);
  const locals = placed.filter(({ isLocal }) => isLocal).map(({ id }) => id);
  const standsIn = (id: string): boolean =>
    before.includes(id) && after.includes(id) && neighbour(ids, before, id) === neighbour(before, before, id);
  const free = new Set(locals.filter((id) => !standsIn(id)));
  const order = after.filter((id) => !free.has(id));
  let anchor: string | undefined;
  for (const id of ids) {
    if (free.has(id)) order.splice(anchor === undefined ? 0 : order.indexOf(anchor) + 1, 0, id);
    if (order.includes(id)) anchor = id;
  }
  return order;
}

/** The nearest rule before `id` that is one of `among`. */
function neighbour(ids: readonly string[], among: readonly string[], id: string): string | undefined {
  return ids.slice(0, ids.indexOf(id)).findLast((each) => among.includes(each));
}
