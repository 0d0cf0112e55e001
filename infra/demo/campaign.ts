import { setTimeout as wait } from 'node:timers/promises';

import type { JobAccepted, JobDefinition, JobView, MessagePage, MessageView } from '@mxflow/contracts';

/** Where to post, and with which key. */
export type ApiAccess = { readonly api: string; readonly apiKey: string };

export type CampaignRecipient = {
  readonly address: string;
  readonly variables?: Readonly<Record<string, unknown>>;
};

export type JobChange = 'pause' | 'resume' | 'cancel';

/** A posted job, followed over the public API. */
export type Campaign = {
  readonly id: string;
  view(): Promise<JobView>;
  /** Every message of the job with its status. */
  listMessages(): Promise<readonly MessageView[]>;
  /** Pauses, resumes or cancels the job. */
  change(change: JobChange): Promise<void>;
  /** Polls until the job is finished; throws when the signal aborts or the limit passes. */
  untilFinished(options: {
    readonly onProgress?: (job: JobView) => void;
    readonly signal?: AbortSignal;
    readonly limitMs: number;
  }): Promise<JobView>;
};

const POLL_MS = 250;

/** Tried again within seconds, so that a demonstration ends soon; production schedules count in hours. */
export const SAMPLE_JOB: JobDefinition = {
  from: { name: 'Mosaic Travel', address: 'news@mosaic-travel.test' },
  subject: 'Hello {{ firstName }}, spring is near',
  html: '<p>Dear {{ firstName }} {{ lastName }},</p><p>seven trips leave from {{ city | default: "your city" }} in spring.</p>',
  text: 'Dear {{ firstName }} {{ lastName }},\n\nseven trips leave from {{ city | default: "your city" }} in spring.\n',
  listId: 'spring',
  retry: { delaysSeconds: [2, 2, 3, 3], thenEverySeconds: 5, greylistSeconds: 2 },
  validFor: 3600,
};

/** Posts a job as a stream of lines. */
export async function openCampaign(
  access: ApiAccess,
  definition: JobDefinition,
  recipients: readonly CampaignRecipient[],
): Promise<Campaign> {
  const body = [definition, ...recipients].map((line) => JSON.stringify(line)).join('\n');
  const accepted = await call<JobAccepted>(access, { method: 'POST', path: '/v1/jobs', body });
  return followCampaign(access, accepted.id);
}

/** A job that was posted before. */
export function followCampaign(access: ApiAccess, id: string): Campaign {
  const path = `/v1/jobs/${id}`;
  const view = (): Promise<JobView> => call<JobView>(access, { method: 'GET', path });
  return {
    id,
    view,
    listMessages: async () => {
      const messages: MessageView[] = [];
      for (let next: string | undefined = ''; next !== undefined;) {
        const query = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
        const page: MessagePage = await call(access, {
          method: 'GET',
          path: `${path}/messages?limit=500${query}`,
        });
        messages.push(...page.messages);
        next = page.next;
      }
      return messages;
    },
    change: async (change) => {
      await call(access, { method: 'POST', path: `${path}/${change}` });
    },
    untilFinished: async ({ onProgress, signal, limitMs }) => {
      const deadlineMs = performance.now() + limitMs;
      for (;;) {
        const job = await view();
        onProgress?.(job);
        if (job.state === 'finished') return job;
        signal?.throwIfAborted();
        if (performance.now() > deadlineMs) {
          throw new Error(`the job is not finished after ${limitMs / 1000} s: ${JSON.stringify(job.counts)}`);
        }
        await wait(POLL_MS);
      }
    },
  };
}

type Call = { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: string };

async function call<Answer>({ api, apiKey }: ApiAccess, { method, path, body }: Call): Promise<Answer> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/x-ndjson' }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 1000)}`);
  return JSON.parse(text) as Answer;
}
