/** One sending IP. */
export type Source = {
  /** Positive number that rules and reports know it by. */
  readonly publicId: number;
  /** The address that providers see. */
  readonly publicIp: string;
  /** The local address to bind before connecting; the system's choice where left out. */
  readonly bindAddress?: string;
  /** EHLO argument (RFC 5321 §4.1.1.1). */
  readonly heloName: string;
  /** Share among the pool's sources, relative to the others' weights. */
  readonly weight: number;
  readonly pools: readonly string[];
};

/**
 * Chooses by weight among sources; `undefined` where none is left.
 *
 * @param dice uniform in [0, 1).
 */
export function chooseSource(sources: readonly Source[], dice: number): Source | undefined {
  const total = sources.reduce((sum, source) => sum + source.weight, 0);
  let rest = dice * total;
  for (const source of sources) {
    rest -= source.weight;
    if (rest < 0) return source;
  }
  return sources.at(-1);
}
