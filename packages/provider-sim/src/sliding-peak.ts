/**
 * The largest number of events within any window of a given length, counted while they pass in the order of their time.
 *
 * A window holds its beginning and not its end: two events exactly one length apart never share one. Memory grows with
 * the fullest window, not with the events.
 */
export class SlidingPeak {
  peak = 0;
  readonly windowMs: number;
  readonly #atMs: number[] = [];
  #oldest = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** Counts one event, and answers how many the window that ends with it holds. */
  add(atMs: number): number {
    while (this.#oldest < this.#atMs.length && atMs - (this.#atMs[this.#oldest] ?? 0) >= this.windowMs) {
      this.#oldest += 1;
    }
    this.#atMs.push(atMs);
    const inWindow = this.#atMs.length - this.#oldest;
    this.peak = Math.max(this.peak, inWindow);
    // The spent front is cut off in large pieces: shifting one by one would move the whole list each time.
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#atMs.length) {
      this.#atMs.splice(0, this.#oldest);
      this.#oldest = 0;
    }
    return inWindow;
  }
}

/** How many of something are open at once: the peak, and the mean over a span of time. */
export class OpenGauge {
  peak = 0;
  #open = 0;
  #changedAtMs: number | undefined;
  #areaMs = 0;
  readonly #fromMs: number;
  readonly #toMs: number;

  /** The mean is taken over `[fromMs, toMs)`, either of which may be infinite; the peak over everything. */
  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  change(by: 1 | -1, atMs: number): void {
    this.#advance(atMs);
    this.#open += by;
    this.peak = Math.max(this.peak, this.#open);
  }

  /** The mean number open over the span, cut to the part of it for which there are records. */
  mean(records: { readonly fromMs: number; readonly toMs: number }): number {
    const fromMs = Math.max(records.fromMs, this.#fromMs);
    const toMs = Math.min(records.toMs, this.#toMs);
    this.#advance(toMs);
    return toMs > fromMs ? this.#areaMs / (toMs - fromMs) : 0;
  }

  #advance(atMs: number): void {
    const since = Math.max(this.#changedAtMs ?? atMs, this.#fromMs);
    const until = Math.min(atMs, this.#toMs);
    if (until > since) this.#areaMs += this.#open * (until - since);
    this.#changedAtMs = Math.max(this.#changedAtMs ?? atMs, atMs);
  }
}
