/** Counts what is under way, and tells when it has come to rest. */
export class Activity {
  #count = 0;
  #whenIdle: (() => void)[] = [];

  begin(count: number): void {
    this.#count += count;
  }

  end(count: number): void {
    this.#count -= count;
    if (this.#count > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Resolves at rest, or after so many milliseconds. */
  async idle(deadlineMs: number): Promise<void> {
    if (this.#count === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenIdle.push(resolve);
    const timer = setTimeout(resolve, deadlineMs);
    await promise;
    clearTimeout(timer);
  }
}
