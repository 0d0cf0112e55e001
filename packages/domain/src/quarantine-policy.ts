import { FAILURE_REASONS, type FailureReason, type FailureType } from './disposition.ts';
import type { FailureDetail } from './failure-detail.ts';

/** What failures for one reason do to an address. */
export type ReasonPolicy = {
  readonly reason: FailureReason;
  /** The counted error at which the address is quarantined, at least 1. Null: never, and nothing is counted. */
  readonly quarantineAt: number | null;
  /** Days after which it leaves quarantine again. Null: not by itself. */
  readonly releaseDays: number | null;
};

/** The figures that hold for every reason. */
export type QuarantineSettings = {
  /** At most one error per address counts in this time. */
  readonly significanceHours: number;
  /** A counter falls to zero after this time without a counted error, */
  readonly resetDays: number;
  /** and this time after a success that no bounce followed. */
  readonly successDays: number;
  /** Whether a complaint puts the address on the denylist. */
  readonly complaintDenylists: boolean;
  /** Addresses that one site may send to quarantine beyond its usual share, */
  readonly guardAddresses: number;
  /** the share of a site's messages, in percent, that is never suspicious, */
  readonly guardPercent: number;
  /** and how many times its own history is not yet suspicious either. */
  readonly guardFactor: number;
  /** How long mail to the return-path domains is kept. */
  readonly rawDays: number;
};

export const DEFAULT_QUARANTINE_SETTINGS: QuarantineSettings = {
  significanceHours: 24,
  resetDays: 10,
  successDays: 7,
  complaintDenylists: true,
  guardAddresses: 50,
  guardPercent: 5,
  guardFactor: 10,
  rawDays: 15,
};

/** What holds where neither a rule set nor an operator says otherwise. */
export const DEFAULT_POLICIES: readonly ReasonPolicy[] = [
  { reason: 'user-unknown', quarantineAt: 1, releaseDays: null },
  { reason: 'mailbox-full', quarantineAt: 3, releaseDays: 30 },
  { reason: 'inactive-user', quarantineAt: 3, releaseDays: null },
  { reason: 'invalid-domain', quarantineAt: 3, releaseDays: null },
  { reason: 'refused', quarantineAt: null, releaseDays: null },
  { reason: 'unreachable', quarantineAt: 5, releaseDays: null },
  { reason: 'ignored', quarantineAt: null, releaseDays: null },
  { reason: 'not-defined', quarantineAt: null, releaseDays: null },
];

/** A stored policy: an operator's lies above a pulled one, that above a bundled one. */
export type StoredPolicy = ReasonPolicy & { readonly origin: 'bundled' | 'pulled' | 'local' };

export type Policies = Readonly<Record<FailureReason, ReasonPolicy>>;

const RANK = { bundled: 0, pulled: 1, local: 2 } as const;

/** The policy in force for each reason. */
export function policiesInForce(stored: readonly StoredPolicy[]): Policies {
  const ranked = stored.toSorted((one, other) => RANK[one.origin] - RANK[other.origin]);
  const inForce = new Map<FailureReason, ReasonPolicy>();
  for (const { reason, quarantineAt, releaseDays } of [...DEFAULT_POLICIES, ...ranked]) {
    inForce.set(reason, { reason, quarantineAt, releaseDays });
  }
  return Object.fromEntries(FAILURE_REASONS.map((reason) => [reason, inForce.get(reason)])) as Policies;
}

/** A failure as far as quarantine looks at it. */
export type CountableFailure = {
  readonly reason: FailureReason;
  readonly type: FailureType;
  readonly detail?: FailureDetail | undefined;
};

/**
 * A server that calls an address unknown for now only (4yz) is not believed at once: many say so while their directory
 * is away. At least so many such errors are needed.
 */
const SOFT_UNKNOWN_AT = 3;

/** Details under which "unreachable" is about one address: all others are about the site, the network or us. */
const ABOUT_ADDRESS: ReadonlySet<FailureDetail | undefined> = new Set([
  'mailer-error',
  'moved',
  'suspended',
  'unclear',
]);

/** The counted error at which a failure quarantines; `undefined` where it is not counted at all. */
export function quarantineAtOf({ reason, type, detail }: CountableFailure, policies: Policies): number | undefined {
  const { quarantineAt } = policies[reason];
  if (quarantineAt === null || type === 'ignored') return undefined;
  if (reason === 'unreachable' && !ABOUT_ADDRESS.has(detail)) return undefined;
  return reason === 'user-unknown' && type === 'soft' ? Math.max(quarantineAt, SOFT_UNKNOWN_AT) : quarantineAt;
}
