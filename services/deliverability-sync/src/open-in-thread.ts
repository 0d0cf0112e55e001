import { askThread, type ThreadBounds } from '@mxflow/process';
import type { OpenedRuleSet, RuleSetRefusal, TrustedKey } from '@mxflow/rule-set';

/** What the thread is given; keys as texts. */
export type OpenQuestion = { readonly octets: Uint8Array; readonly publicKeys: readonly string[] };

/** A rule set that was opened, or why it was not: it may also have cost more than it may. */
export type OpenedOrNot =
  | Extract<OpenedRuleSet, { readonly kind: 'opened' }>
  | { readonly kind: 'refused'; readonly because: RuleSetRefusal | 'too-costly'; readonly detail: string };

export type OpenRuleSet = (
  octets: Uint8Array,
  keys: readonly TrustedKey[],
  signal: AbortSignal,
) => Promise<OpenedOrNot>;

/** Twice what a hub takes to check a set before it is published: this machine may be the slower one. */
const LIMIT_MS = 240_000;
const MEMORY_MB = 512;

/** Opens rule sets beside the thread that keeps the run: whatever somebody serves, other work goes on. */
export function openInThread({
  limitMs = LIMIT_MS,
  memoryMb = MEMORY_MB,
}: Partial<Pick<ThreadBounds, 'limitMs' | 'memoryMb'>> = {}): OpenRuleSet {
  const module = new URL('./open-thread-main.ts', import.meta.url);
  return async (octets, keys, signal) => {
    const question: OpenQuestion = { octets, publicKeys: keys.map(textOf) };
    const asked = await askThread<OpenedRuleSet>(module, question, { limitMs, memoryMb, signal });
    if (asked.kind === 'answered') return asked.answer;
    return {
      kind: 'refused',
      because: 'too-costly',
      detail: `expected a rule set that is read and checked ${asked.bound}, found one that takes more`,
    };
  };
}

function textOf({ publicKey }: TrustedKey): string {
  return publicKey.export({ format: 'jwk' }).x ?? '';
}
