/**
 * Finds what was accepted more than once. Of each (id, forward-path) only a 52-bit fingerprint is kept, so that a million
 * messages cost tens of megabytes; two that share one by chance are one in 10¹⁰ at that number.
 */
export class CopyCounter {
  readonly #seen = new Set<number>();
  readonly #repeated = new Map<string, { readonly id: string; readonly rcpt: string; times: number }>();

  add(id: string, rcpt: string): void {
    const key = `${id}\u0000${rcpt}`;
    const print = fingerprint(key);
    if (!this.#seen.has(print)) {
      this.#seen.add(print);
      return;
    }
    const repeated = this.#repeated.get(key);
    if (repeated === undefined) this.#repeated.set(key, { id, rcpt, times: 2 });
    else repeated.times += 1;
  }

  duplicates(): { readonly id: string; readonly rcpt: string; readonly times: number }[] {
    return [...this.#repeated.values()];
  }
}

/** Two independent 32-bit hashes, of which 52 bits fit exactly into a number. */
function fingerprint(text: string): number {
  let one = 0x9dc5811c;
  let two = 0x1b873593;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x85ebca6b);
    two = Math.imul(two ^ unit, 0xcc9e2d51);
    two ^= two >>> 15;
  }
  one = Math.imul(one ^ (one >>> 16), 0x21f0aaad);
  two = Math.imul(two ^ (two >>> 13), 0x735a2d97);
  return (one >>> 0) * 0x10_0000 + ((two ^ (two >>> 16)) >>> 12);
}
