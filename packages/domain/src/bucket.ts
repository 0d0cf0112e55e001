/**
 * The token bucket of one scope. A token is the right to one MAIL: in the bucket (`level`), then outstanding from when
 * it is drawn until the reply to its message is known, then gone; or back in the bucket, where MAIL was never written.
 *
 * The law: it refills only while level and outstanding together are below the burst, and an hour's refill is less than
 * the figure minus the burst plus one. Whatever is sent in an hour was in the bucket or outstanding at its beginning, at
 * most a burst, or was refilled in it: never more than the figure, however late it is sent after it was drawn. Postgres
 * does the same arithmetic (`packages/db/sql`); this is what it is tested against.
 */
export type Bucket = {
  readonly perHour: number;
  readonly level: number;
  readonly outstanding: number;
  /** Seconds. */
  readonly refilledAt: number;
};

/** Tokens that level and outstanding may come to by refilling: 1.2 % of the figure, at least one. */
export function burstOf(perHour: number): number {
  return Math.max(1, Math.floor(perHour * BURST_SHARE));
}

/** Tokens a second. */
export function refillRateOf(perHour: number): number {
  return ((perHour - burstOf(perHour) + 1) * JUST_BELOW) / SECONDS_AN_HOUR;
}

const BURST_SHARE = 0.012;
const SECONDS_AN_HOUR = 3600;
const JUST_BELOW = 0.999999;
/** Rounding must not cost a whole token. */
const ROUNDING = 1e-9;

/** A scope over paths that nobody used within the hour starts with a burst; one that takes paths over starts empty. */
export function openBucket(perHour: number, now: number, start: 'full' | 'empty'): Bucket {
  return { perHour, level: start === 'full' ? burstOf(perHour) : 0, outstanding: 0, refilledAt: now };
}

export function refill(bucket: Bucket, now: number): Bucket {
  const { perHour, level, outstanding, refilledAt } = bucket;
  const burst = burstOf(perHour);
  if (level + outstanding >= burst) return { ...bucket, refilledAt: now };
  const grown = level + Math.max(0, now - refilledAt) * refillRateOf(perHour);
  return { ...bucket, level: Math.min(burst - outstanding, grown), refilledAt: now };
}

/** Takes up to so many tokens out. */
export function draw(
  bucket: Bucket,
  wanted: number,
  now: number,
): { readonly bucket: Bucket; readonly tokens: number } {
  const filled = refill(bucket, now);
  const tokens = Math.min(wanted, Math.floor(filled.level + ROUNDING));
  const level = Math.max(0, filled.level - tokens);
  return { bucket: { ...filled, level, outstanding: filled.outstanding + tokens }, tokens };
}

/** Messages were answered, or their worker is proven dead: their tokens are spent. */
export function settle(bucket: Bucket, tokens: number, now: number): Bucket {
  const filled = refill(bucket, now);
  return { ...filled, outstanding: filled.outstanding - tokens };
}

/** MAIL was never written with these. */
export function giveBack(bucket: Bucket, tokens: number, now: number): Bucket {
  const filled = refill(bucket, now);
  const outstanding = filled.outstanding - tokens;
  const level = Math.min(filled.level + tokens, Math.max(0, burstOf(filled.perHour) - outstanding));
  return { ...filled, outstanding, level };
}

/** Another figure: the budget is kept, in proportion where it rises, and cut to the new burst where it falls. */
export function rescale(bucket: Bucket, perHour: number, now: number): Bucket {
  const filled = refill(bucket, now);
  const burst = burstOf(perHour);
  const kept = perHour > filled.perHour ? (filled.level * burst) / burstOf(filled.perHour) : filled.level;
  return { ...filled, perHour, level: Math.max(0, Math.min(kept, burst - filled.outstanding)) };
}
