import type { ProviderLimits } from '@mxflow/provider-sim';

/** An MX rule as the database takes it. */
export type StackRule = {
  readonly id: string;
  readonly mask: string;
  readonly publicIds: string;
  readonly shared: boolean;
  readonly limits: Readonly<Record<string, ProviderLimits>>;
  readonly connectTimeoutSeconds: number;
  readonly dataTimeoutSeconds: number;
  readonly timeoutSeconds: number;
  readonly tls: string;
  readonly origin: 'local';
};

/** What a rule of a stack says in few words: the same limits at every level. */
export type RuleInBrief = Partial<ProviderLimits> & {
  /** `any` is the last rule, for whatever no other names. */
  readonly id?: string;
  readonly mask?: string;
  readonly shared?: boolean;
  readonly publicIds?: string;
  readonly connectTimeoutSeconds?: number;
  /** Other limits at some levels. */
  readonly levels?: Readonly<Partial<Record<(typeof LEVELS)[number], Partial<ProviderLimits>>>>;
};

const LEVELS = ['slow', 'normal', 'fast', 'very-fast', 'boost', 'custom'] as const;

/** So much that it does not bind: for stacks in which limits are not the point. */
export const AMPLE: ProviderLimits = { maxConnections: 10, maxMessagesPerConnection: 100, messagesPerHour: 50_000_000 };

/** Spells a rule out. */
export function stackRule({ id = 'any', mask = '*', shared = false, publicIds = '', ...rest }: RuleInBrief): StackRule {
  const { connectTimeoutSeconds = 10, levels = {}, ...given } = rest;
  const limits = { ...AMPLE, ...given };
  return {
    id,
    mask,
    publicIds,
    shared,
    limits: Object.fromEntries(LEVELS.map((level) => [level, { ...limits, ...levels[level] }])),
    connectTimeoutSeconds,
    dataTimeoutSeconds: 240,
    timeoutSeconds: 60,
    tls: 'default',
    origin: 'local',
  };
}
