export type Answered<Answer> = { readonly answer: Answer; readonly lifetimeMs: number };

/**
 * Answers by question: kept for their lifetime, the least recently used dropped beyond `maxEntries`, and asked for once
 * however many ask at the same time.
 */
export class AnswerCache<Answer> {
  readonly #maxEntries: number;
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #kept = new Map<string, { readonly answer: Answer; readonly until: number }>();
  readonly #underWay = new Map<string, Promise<Answer>>();

  constructor(maxEntries: number, now: () => number) {
    this.#maxEntries = maxEntries;
    this.#now = now;
  }

  get size(): number {
    return this.#kept.size;
  }

  async get(question: string, ask: () => Promise<Answered<Answer>>): Promise<Answer> {
    const kept = this.#kept.get(question);
    if (kept !== undefined) {
      this.#kept.delete(question);
      if (kept.until > this.#now()) {
        this.#kept.set(question, kept);
        return kept.answer;
      }
    }
    const underWay = this.#underWay.get(question);
    if (underWay !== undefined) return underWay;
    const asking = this.#ask(question, ask);
    this.#underWay.set(question, asking);
    return asking;
  }

  async #ask(question: string, ask: () => Promise<Answered<Answer>>): Promise<Answer> {
    try {
      const { answer, lifetimeMs } = await ask();
      this.#keep(question, { answer, until: this.#now() + lifetimeMs });
      return answer;
    } finally {
      this.#underWay.delete(question);
    }
  }

  #keep(question: string, entry: { readonly answer: Answer; readonly until: number }): void {
    this.#kept.set(question, entry);
    if (this.#kept.size <= this.#maxEntries) return;
    const [leastRecentlyUsed] = this.#kept.keys();
    if (leastRecentlyUsed !== undefined) this.#kept.delete(leastRecentlyUsed);
  }
}
