/** Acknowledgements to send: all deliveries up to one tag in a single frame, and some beyond it one by one. */
export type Acknowledgements<Delivery> = {
  readonly allUpTo: Delivery | undefined;
  readonly singly: readonly Delivery[];
};

/**
 * Gathers the settled deliveries of one channel, whose tags run 1, 2, 3, …, so that a run of them from the oldest on
 * takes one acknowledgement.
 *
 * The tag of the acknowledgement of all is always one that was not acknowledged before: with one that was, the broker
 * would take in every later delivery too and then close the channel.
 */
export class AckWindow<Delivery> {
  /** The oldest tag not settled. */
  #oldest = 1;
  /** Settled beyond the oldest unsettled, acknowledged or not. */
  readonly #settled = new Set<number>();
  #unsent: { readonly tag: number; readonly delivery: Delivery }[] = [];

  settle(tag: number, delivery: Delivery): void {
    this.#unsent.push({ tag, delivery });
    if (tag !== this.#oldest) {
      this.#settled.add(tag);
      return;
    }
    this.#oldest += 1;
    while (this.#settled.delete(this.#oldest)) this.#oldest += 1;
  }

  /** What is to be sent for everything settled since the last time. */
  take(): Acknowledgements<Delivery> {
    const unsent = this.#unsent;
    this.#unsent = [];
    let highest: (typeof unsent)[number] | undefined;
    const singly: Delivery[] = [];
    for (const entry of unsent) {
      if (entry.tag >= this.#oldest) singly.push(entry.delivery);
      else if (highest === undefined || entry.tag > highest.tag) highest = entry;
    }
    return { allUpTo: highest?.delivery, singly };
  }
}
