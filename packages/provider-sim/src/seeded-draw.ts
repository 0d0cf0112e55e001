/**
 * A number in [0, 1) that depends on nothing but its arguments: the same address draws the same lot in every run,
 * whatever came before it. 32 bits wide.
 */
export function drawOf(seed: number, purpose: string, key: string): number {
  let hash = 0x811c9dc5 ^ seed;
  const text = `${purpose}\u0000${key}`;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // FNV alone leaves the high bits of short, similar keys alike: stir them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** The member of a non-empty list that the draw falls on. */
export function pickBy<const Members extends readonly [unknown, ...unknown[]]>(
  draw: number,
  members: Members,
): Members[number] {
  return members[Math.floor(draw * members.length)] ?? members[0];
}
