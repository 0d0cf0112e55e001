import { listsFollowed, type BegunRun, type SyncCause, type SyncState } from '@mxflow/db';
import { backoffMs } from '@mxflow/process';

/** When a day's sync is due. */
export type Schedule = {
  /** Local time of day, HH:MM. */
  readonly at: string;
  readonly zone: string;
  /** The sync begins within so long after that time. */
  readonly jitterMs: number;
};

/** A day of the schedule, YYYY-MM-DD in its zone, and the instant at which its sync is due. */
export type DueSync = { readonly day: string; readonly atMs: number };

/** Where an instance's place is in the time of jitter: from 0 up to 1. */
type Spread = number;

/**
 * The latest day whose sync is due by now. A time of day that daylight saving leaves out stands for the one that the clocks
 * were put forward to, and one that comes twice for the first: every day has one sync.
 */
export function latestDue(nowMs: number, schedule: Schedule, spread: Spread): DueSync {
  for (let days = 1; ; days -= 1) {
    const due = dueOn(nowMs, days, { schedule, spread });
    if (due.atMs <= nowMs) return due;
  }
}

/** The first that is due after now. */
export function nextDue(nowMs: number, schedule: Schedule, spread: Spread): DueSync {
  for (let days = -1; ; days += 1) {
    const due = dueOn(nowMs, days, { schedule, spread });
    if (due.atMs > nowMs) return due;
  }
}

function dueOn(
  nowMs: number,
  days: number,
  { schedule: { at, zone, jitterMs }, spread }: { readonly schedule: Schedule; readonly spread: Spread },
): DueSync {
  const day = new Date(nowMs + offsetMs(zone, nowMs) + days * DAY_MS).toISOString().slice(0, 10);
  return { day, atMs: instantOf(Date.parse(`${day}T${at}Z`), zone) + Math.floor(spread * jitterMs) };
}

/**
 * The instant at which clocks of a zone show a time of day, which is given as if it were UTC: by the offset of the day
 * before where that holds then, which is the earlier of two; else by that of the day after.
 */
function instantOf(localMs: number, zone: string): number {
  const [before, after] = [-DAY_MS, DAY_MS].map((days) => localMs - offsetMs(zone, localMs + days)) as [number, number];
  const shows = (instantMs: number): boolean => instantMs + offsetMs(zone, instantMs) === localMs;
  return shows(before) || !shows(after) ? before : after;
}

const DAY_MS = 86_400_000;
/** Made once each: that costs more than all that is asked of one. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** By how much clocks of a zone are ahead of UTC at an instant. */
function offsetMs(zone: string, instantMs: number): number {
  const format = formats.get(zone) ?? new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  formats.set(zone, format);
  const name = format.formatToParts(instantMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '', hours = '0', minutes = '0'] = /GMT([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** A zone that times can be told in. */
export function isZone(zone: string): boolean {
  try {
    return offsetMs(zone, 0) >= -DAY_MS;
  } catch {
    // Of a name that is no zone the runtime says so by throwing.
    return false;
  }
}

/**
 * Whether a run begins now, and why. Pure: `state` brings the clock.
 *
 * @param asked what an operator asked for and nobody has begun; it begins whatever the schedule says.
 */
export function decideRun(
  state: SyncState,
  asked: BegunRun | undefined,
  { enabled, schedule }: { readonly enabled: boolean; readonly schedule: Schedule },
): { readonly cause: SyncCause } | undefined {
  if (asked !== undefined) return { cause: 'demand' };
  if (!enabled || listsFollowed(state.level, state.bounceRulesInCustom).length === 0) return undefined;
  const waitMs = (state.retryAt?.getTime() ?? 0) - state.now.getTime();
  if (waitMs > 0 && waitMs <= LONGEST_RETRY_MS) return undefined;
  if (state.settledDay === null) return { cause: 'start' };
  return dayToSettle(state, schedule) === state.settledDay ? undefined : { cause: 'scheduled' };
}

/**
 * The day that a sync of now is for: the latest that is due, or one that is settled already. A day that is still to come is
 * none: whoever settled it had a wrong clock, which must not hold up the syncs of all days until then.
 */
export function dayToSettle(
  { now, spread, settledDay }: Pick<SyncState, 'now' | 'spread' | 'settledDay'>,
  schedule: Schedule,
): string {
  const { day } = latestDue(now.getTime(), schedule, spread);
  const next = nextDue(now.getTime(), schedule, spread).day;
  return settledDay !== null && settledDay > day && settledDay <= next ? settledDay : day;
}

const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 4 * 3_600_000;

/** How long to wait after so many failures in a row. */
export function retryAfterMs(failures: number, random: number): number {
  return backoffMs({ failures, firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, jitter: random });
}
