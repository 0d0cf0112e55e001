import type { QuarantineSettings } from './quarantine-policy.ts';

/**
 * Keeps a provider's outage from emptying a list: servers have called every address unknown for hours.
 *
 * Each site has a level, which its errors raise and its other messages lower at the share that is usual there. An outage
 * raises it by nearly one an error; once it has reached the number of addresses that a site may send to quarantine
 * beyond what is usual, further errors are held back, until so many messages came out well that it is lower again.
 */
export type GuardLevel = number;

/** What one batch brings of one site. */
export type GuardBatch = {
  readonly level: GuardLevel;
  /** Messages of other batches since the level was last set, and hours. */
  readonly elapsedMessages: number;
  readonly elapsedHours: number;
  /** Messages of this batch, those with errors included. */
  readonly messages: number;
  /** Errors of this batch that would send an address to quarantine. */
  readonly suspects: number;
};

export type GuardTerms = Pick<QuarantineSettings, 'guardAddresses'> & {
  /** The usual share, in [0, 1]: see {@link usualShare}. */
  readonly share: number;
};

export type GuardDecision = {
  /** How many of the suspects may go on. */
  readonly admitted: number;
  readonly level: GuardLevel;
};

/** In so many hours without errors a level falls by its limit: what lies days back is no outage. */
const QUIET_HOURS = 24;

/** Past this many times its limit a level does not rise: how long an outage lasted must not matter afterwards. */
const CEILING = 2;

/** Decides how many of a batch's errors may send their addresses to quarantine. Pure. */
export function passGuard(batch: GuardBatch, { guardAddresses, share }: GuardTerms): GuardDecision {
  const { suspects } = batch;
  const quiet = (guardAddresses * batch.elapsedHours) / QUIET_HOURS;
  const level = Math.max(0, batch.level - share * batch.elapsedMessages - quiet);
  const surplus = suspects - share * Math.max(batch.messages, suspects);
  if (surplus <= 0) {
    const lower = Math.max(0, level + surplus);
    return { admitted: lower < guardAddresses ? suspects : 0, level: lower };
  }
  const room = Math.max(0, Math.floor(guardAddresses - level));
  return { admitted: Math.min(suspects, room), level: Math.min(CEILING * guardAddresses, level + surplus) };
}

/** What mail has told of a site within a day. */
export type MailedBatch = {
  /** Messages that the site was sent, and addresses that went to quarantine. */
  readonly messages: number;
  readonly quarantined: number;
  /** Of those, the ones that mail sent there in this hour and the one before. */
  readonly mailedLately: number;
  readonly suspects: number;
};

/** Mail of an hour or two sends no more than this many times the limit to quarantine, however large the site. */
const MAIL_BURST = 2;

/**
 * The same for errors that come by mail. They lag behind the messages that they are about, so that only a day's messages
 * tell what is usual; what comes all at once is none the less held back.
 */
export function passMailGuard(
  { messages, quarantined, mailedLately, suspects }: MailedBatch,
  { guardAddresses, share }: GuardTerms,
): number {
  const usual = Math.max(guardAddresses, Math.floor(share * messages)) - quarantined;
  const atOnce = MAIL_BURST * guardAddresses - mailedLately;
  return Math.max(0, Math.min(suspects, usual, atOnce));
}

/**
 * The sites of a provider are guarded together, besides each alone: in an outage of a provider that gives every customer
 * hosts of its own, no site has many errors. What the guards of its sites have let through goes on in their order, as long
 * as the provider's lets it.
 */
export function shareOut(admitted: number, wanted: readonly number[]): readonly number[] {
  let left = admitted;
  return wanted.map((each) => {
    const share = Math.min(each, left);
    left -= share;
    return share;
  });
}

/** A level at which errors are held back. */
export function isAlarming(level: GuardLevel, { guardAddresses }: Pick<GuardTerms, 'guardAddresses'>): boolean {
  return guardAddresses - level < 1;
}

/** A share above this is suspicious whatever the history. */
const HIGHEST_SHARE = 0.9;

/** The share of errors that is not suspicious at a site that has so far sent `quarantined` of `messages` to quarantine. */
export function usualShare(
  history: { readonly messages: number; readonly quarantined: number },
  { guardPercent, guardFactor }: Pick<QuarantineSettings, 'guardPercent' | 'guardFactor'>,
): number {
  const own = history.messages === 0 ? 0 : history.quarantined / history.messages;
  return Math.min(HIGHEST_SHARE, Math.max(guardPercent / 100, own * guardFactor));
}
