import { siteBackOffSeconds } from '@mxflow/domain';

/** Seconds of rest after the first, second, … failure in a row, of a path or of a site. */
export const REST_SECONDS: readonly number[] = Array.from({ length: 9 }, (_, index) => siteBackOffSeconds(index + 1));

/** What this worker learnt about addresses and what they can do. What must hold for all workers is in Postgres. */
export type HostMemory = {
  /** PIPELINING was seen to fail there. */
  misbehaved(address: string): void;
  mayPipeline(address: string): boolean;
  /** The TLS handshake was seen to fail there. */
  tlsFailed(address: string): void;
  mayEncrypt(address: string): boolean;
};

const MAX_ADDRESSES = 50_000;
/** After how long TLS is tried again where it failed. */
const TLS_AGAIN_MS = 3_600_000;

/** @param nowMs a monotonic clock. */
export function createHostMemory(nowMs: () => number): HostMemory {
  const misbehaving = new Set<string>();
  const brokenTls = new Map<string, number>();
  return {
    misbehaved: (address) => {
      if (misbehaving.size >= MAX_ADDRESSES) misbehaving.clear();
      misbehaving.add(address);
    },
    mayPipeline: (address) => !misbehaving.has(address),
    tlsFailed: (address) => {
      if (brokenTls.size >= MAX_ADDRESSES) brokenTls.clear();
      brokenTls.set(address, nowMs() + TLS_AGAIN_MS);
    },
    mayEncrypt: (address) => (brokenTls.get(address) ?? Number.NEGATIVE_INFINITY) < nowMs(),
  };
}
