import type { RuleTls } from '../mx-rule.ts';

/** What a provider is known, or believed, to take from one sending IP: the figures of level Boost. */
export type ProviderLimits = {
  readonly id: string;
  readonly mask: string;
  readonly connections: number;
  readonly messagesPerConnection: number;
  readonly perHour: number;
  readonly tls?: RuleTls;
  /** Source or reasoning of the figures. */
  readonly note: string;
};
