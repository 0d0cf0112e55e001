import { PRESETS, presetAbove, presetBelow, type Preset } from './level.ts';

/** How a source earns its way up. Percentages are of the messages that had an outcome in the window looked at. */
export type RampPlan = {
  /** No higher than this. */
  readonly upTo: Preset;
  /** Days at a level, with its messages, before the next. */
  readonly daysPerLevel: number;
  /** Fewer messages than this in the window prove nothing, for good or ill. */
  readonly minMessages: number;
  readonly maxHardPercent: number;
  readonly maxComplaintPercent: number;
};

/** Four weeks from Slow to Boost; complaints and unknown users as the great providers ask of bulk senders. */
export const DEFAULT_RAMP: RampPlan = {
  upTo: 'boost',
  daysPerLevel: 7,
  minMessages: 500,
  maxHardPercent: 2,
  maxComplaintPercent: 0.1,
};

/** What a source's messages came to in the window looked at. */
export type RampFacts = { readonly messages: number; readonly hard: number; readonly complaints: number };

export type RampStep =
  | { readonly kind: 'stay'; readonly reason: string }
  | { readonly kind: 'promote' | 'demote'; readonly level: Preset; readonly reason: string };

/**
 * Whether a source changes its level. Down at once when a share is over its threshold, up only after the plan's days at
 * the level with both under; a source that has just come down starts its days again.
 */
export function rampStep(
  plan: RampPlan,
  { level, daysAtLevel, facts }: { level: Preset; daysAtLevel: number; facts: RampFacts },
): RampStep {
  if (facts.messages < plan.minMessages) {
    return { kind: 'stay', reason: `${facts.messages} messages; fewer than ${plan.minMessages} prove nothing` };
  }
  const hard = (facts.hard / facts.messages) * 100;
  const complaints = (facts.complaints / facts.messages) * 100;
  const shares = `hard ${percent(hard)} of at most ${percent(plan.maxHardPercent)}, complaints ${percent(complaints)} of at most ${percent(plan.maxComplaintPercent)}`;
  if (hard > plan.maxHardPercent || complaints > plan.maxComplaintPercent) {
    const lower = presetBelow(level);
    return lower === level
      ? { kind: 'stay', reason: `${shares}; lowest level` }
      : { kind: 'demote', level: lower, reason: shares };
  }
  const higher = presetAbove(level);
  if (PRESETS.indexOf(level) >= PRESETS.indexOf(plan.upTo) || higher === level) {
    return { kind: 'stay', reason: `${shares}; highest level of the plan` };
  }
  if (daysAtLevel < plan.daysPerLevel) {
    return { kind: 'stay', reason: `${shares}; ${Math.floor(daysAtLevel)} of ${plan.daysPerLevel} days` };
  }
  return { kind: 'promote', level: higher, reason: `${shares} over ${plan.daysPerLevel} days` };
}

function percent(share: number): string {
  return `${Number(share.toFixed(3))} %`;
}
