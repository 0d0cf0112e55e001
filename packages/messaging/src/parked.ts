/** A message set aside. */
export type ParkedMessage = {
  readonly key: string;
  /** The queue it was taken from. */
  readonly queue: string;
  readonly reason: string;
  readonly error?: string;
  /** Milliseconds since the epoch. */
  readonly parkedAt: number;
  /** As it came, valid JSON or not. */
  readonly content: string;
};

export type Replay = { readonly replayed: number; readonly kept: number };
