import type { ApiParts } from './api.ts';

/**
 * Tells the dispatcher about the chunks of a job. Nobody waits for it: what the broker does not take now, or loses, a
 * sweep announces again.
 */
export function announceJob(
  { messaging, events }: Pick<ApiParts, 'messaging' | 'events'>,
  { jobNumber, chunks }: { readonly jobNumber: string; readonly chunks: number },
): void {
  // Held back for a broker that is away, announcements would only fill the memory.
  if (!canPublish(messaging)) return;
  const announcements = Array.from({ length: chunks }, (_, chunk) => ({
    key: 'job.chunk-accepted.v1' as const,
    body: { jobNumber, chunk },
  }));
  messaging.publishMany(announcements).catch((error: unknown) => events.announcementFailed(error, jobNumber));
}

/** Tells every process that a job's state has changed: a hint that makes them look at once. */
export function announceState(
  { messaging, events }: Pick<ApiParts, 'messaging' | 'events'>,
  body: { readonly jobNumber: string; readonly state: 'active' | 'paused' | 'cancelled' },
): void {
  if (!canPublish(messaging)) return;
  messaging
    .publishMany([{ key: 'job.state-changed.v1', body }])
    .catch((error: unknown) => events.announcementFailed(error, body.jobNumber));
}

function canPublish(messaging: ApiParts['messaging']): boolean {
  const { publishing, blocked } = messaging.health();
  return publishing && !blocked;
}
