import { siteBackOffSeconds } from '@mxflow/domain';

/**
 * Which addresses failed of late, so that not every new connection waits for a dead one first. An address rests after
 * a failure, longer after each in a row, and is tried again then: mail goes back to the better host when it heals.
 */
export type HostMemory = {
  rests(address: string): boolean;
  failed(address: string): void;
  reached(address: string): void;
  /** PIPELINING was seen to fail there. */
  misbehaved(address: string): void;
  mayPipeline(address: string): boolean;
};

const MAX_ADDRESSES = 50_000;

/** @param nowMs a monotonic clock. */
export function createHostMemory(nowMs: () => number): HostMemory {
  const failures = new Map<string, { readonly inARow: number; readonly untilMs: number }>();
  const misbehaving = new Set<string>();
  return {
    rests: (address) => (failures.get(address)?.untilMs ?? 0) > nowMs(),
    failed: (address) => {
      const inARow = (failures.get(address)?.inARow ?? 0) + 1;
      // Many connections meet a dead host at once: they are one failure.
      if ((failures.get(address)?.untilMs ?? 0) > nowMs()) return;
      if (failures.size >= MAX_ADDRESSES) failures.clear();
      failures.set(address, { inARow, untilMs: nowMs() + siteBackOffSeconds(inARow) * 1000 });
    },
    reached: (address) => void failures.delete(address),
    misbehaved: (address) => {
      if (misbehaving.size >= MAX_ADDRESSES) misbehaving.clear();
      misbehaving.add(address);
    },
    mayPipeline: (address) => !misbehaving.has(address),
  };
}
