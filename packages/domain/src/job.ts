import type { RetrySchedule } from './retry-schedule.ts';

/** live: delivered. verify: SMTP up to RCPT, then RSET. simulate: everything but the connection. */
export type JobMode = 'live' | 'verify' | 'simulate';

/** From the least urgent to the most. */
export const PRIORITIES = ['very-low', 'low', 'normal', 'high', 'very-high'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Where a message of a job stands, as the delivery log shows it. */
export type MessageStatus = 'pending' | 'sent' | 'deferred' | 'failed' | 'ignored' | 'expired' | 'cancelled';

/** What holds for every message of a job besides its content. Stored with the job, read by dispatcher, worker and bounce-processor. */
export type JobSettings = {
  /** Header From: display name and address as they go out. */
  readonly from: { readonly name?: string; readonly address: string };
  readonly replyTo?: { readonly name?: string; readonly address: string };
  /** Domain of the return-path; the instance's own where it is left out. */
  readonly returnPathDomain?: string;
  readonly retry: RetrySchedule;
  /** Names the list for List-Unsubscribe and Feedback-ID. */
  readonly listId?: string;
  /** Opaque to mxflow, given back in webhooks. */
  readonly tracking?: Readonly<Record<string, string>>;
};

/** What a job sends: templates over the variables of each recipient. */
export type JobContent = {
  readonly subject: string;
  readonly html?: string;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly attachments?: readonly Attachment[];
};

export type Attachment = {
  readonly filename: string;
  readonly contentType: string;
  /** Base64 (RFC 4648 §4). */
  readonly content: string;
  /** Content-ID without angle brackets, for parts that the HTML shows inline. */
  readonly contentId?: string;
};

/** One recipient as posted: where to, and what the templates merge. */
export type Recipient = {
  readonly address: string;
  readonly variables?: Readonly<Record<string, unknown>>;
};
