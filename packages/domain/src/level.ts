/** Which column of limits is in force. Custom holds the operator's own figures, and exists for the instance only. */
export type Level = Preset | 'custom';

/** A level that a rule set brings figures for; the only ones that a source may be set to. */
export type Preset = 'slow' | 'normal' | 'fast' | 'very-fast' | 'boost';

/** From the slowest to the fastest. */
export const PRESETS = ['slow', 'normal', 'fast', 'very-fast', 'boost'] as const satisfies readonly Preset[];

export const LEVELS = [...PRESETS, 'custom'] as const satisfies readonly Level[];

export function isPreset(text: string): text is Preset {
  return (PRESETS as readonly string[]).includes(text);
}

export function isLevel(text: string): text is Level {
  return text === 'custom' || isPreset(text);
}

/** The level in force for a source: its own preset before the instance's level. */
export function levelInForce(instance: Level, source: Preset | undefined): Level {
  return source ?? instance;
}

/** The next preset up, or the fastest itself. */
export function presetAbove(preset: Preset): Preset {
  return PRESETS[PRESETS.indexOf(preset) + 1] ?? preset;
}

/** The next preset down, or the slowest itself. */
export function presetBelow(preset: Preset): Preset {
  return PRESETS[PRESETS.indexOf(preset) - 1] ?? preset;
}
