/** What a provider's reply leads to, always within the limits of the MX rule. */
export type FeedbackAction =
  /** Nothing is sent for so long; then with one connection at first. */
  | { readonly kind: 'suspend'; readonly seconds: number }
  /** At most so many connections at once for so long. */
  | { readonly kind: 'connections'; readonly cap: number; readonly seconds: number }
  /** At most so many messages an hour for so long. */
  | { readonly kind: 'rate'; readonly cap: number; readonly seconds: number };

/** A reply that calls for sending less. Not one reply but a number of them within an hour sets it off. */
export type FeedbackRule = {
  readonly id: string;
  /** Over MX host names. */
  readonly mask: string;
  /** RE2 syntax, looked for anywhere in the reply, case ignored. */
  readonly pattern: string;
  /** Matching replies to one source within an hour that set it off; at least 1. */
  readonly thresholdPerHour: number;
  readonly action: FeedbackAction;
  /** After the action the caps double every so many seconds, until the MX rule's own limits are lower. */
  readonly stepSeconds: number;
  /** Replies that must match, and such that must not: at least one of each. */
  readonly matches: readonly string[];
  readonly passes: readonly string[];
};
