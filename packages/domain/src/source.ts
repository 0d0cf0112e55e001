import { matchesMask } from './mask.ts';

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
  /** Masks over recipient domains that it may send to; all where there is none. */
  readonly includeDomains?: readonly string[];
  /** Masks over recipient domains that it may not send to, included or not. */
  readonly excludeDomains?: readonly string[];
  /** An operator took it out of use. */
  readonly paused?: boolean;
};

/** The sources that may send to a domain: not paused, included, and then not excluded. */
export function usableSources<One extends Source>(sources: readonly One[], domain: string): readonly One[] {
  return sources.filter(({ paused = false, includeDomains = [], excludeDomains = [] }) => {
    const included = includeDomains.length === 0 || includeDomains.some((mask) => matchesMask(mask, domain));
    return !paused && included && !excludeDomains.some((mask) => matchesMask(mask, domain));
  });
}

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
