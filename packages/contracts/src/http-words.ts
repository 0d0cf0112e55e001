import type { JobMode, MessageStatus, Priority } from '@mxflow/domain';

/** The words of the domain as requests and answers spell them. */
export const JOB_MODES = ['live', 'verify', 'simulate'] as const satisfies readonly JobMode[];

/** From the least urgent to the most. */
export const PRIORITY_NAMES = ['very-low', 'low', 'normal', 'high', 'very-high'] as const satisfies readonly Priority[];

export const MESSAGE_STATUSES = [
  'pending',
  'sent',
  'deferred',
  'failed',
  'ignored',
  'expired',
  'cancelled',
] as const satisfies readonly MessageStatus[];
