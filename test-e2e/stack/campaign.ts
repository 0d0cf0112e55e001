import { setTimeout as wait } from 'node:timers/promises';

import type { JobAccepted, JobDefinition, JobView, MessageHistory, MessagePage, MessageView } from '@mxflow/contracts';

type Access = { readonly api: string; readonly apiKey: string };

/** A posted job, followed over the public API. */
export type Campaign = {
  readonly accepted: JobAccepted;
  view(): Promise<JobView>;
  /** Every message of the job as the delivery log has it. */
  messages(): Promise<readonly MessageView[]>;
  history(messageId: string): Promise<MessageHistory>;
  /** Resolves once the job is as wanted; throws with its counts when that takes too long. */
  until(wanted: (job: JobView) => boolean, limitMs: number): Promise<JobView>;
};

const POLL_MS = 250;

/** Retries within seconds, so that a story ends soon. */
const SAMPLE_JOB: JobDefinition = {
  from: { name: 'Mosaic Travel', address: 'news@mosaic-travel.test' },
  subject: 'Hello {{ firstName }}, spring is near',
  text: 'Dear {{ firstName }} {{ lastName }},\n\nseven trips leave from {{ city }} in spring.\n',
  retry: { delaysSeconds: [2, 2, 3, 3], thenEverySeconds: 5, greylistSeconds: 2 },
  validFor: 3600,
};

/** Posts the sample job to these recipients as a stream of lines. */
export async function postCampaign(access: Access, recipients: readonly object[]): Promise<Campaign> {
  const body = [SAMPLE_JOB, ...recipients].map((line) => JSON.stringify(line)).join('\n');
  const accepted = await call<JobAccepted>(access, '/v1/jobs', body);
  const path = `/v1/jobs/${accepted.id}`;
  const view = (): Promise<JobView> => call<JobView>(access, path);
  return {
    accepted,
    view,
    history: (messageId) => call<MessageHistory>(access, `/v1/messages/${encodeURIComponent(messageId)}`),
    async messages() {
      const all: MessageView[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined;) {
        const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page: MessagePage = await call(access, `${path}/messages?limit=500${query}`);
        all.push(...page.messages);
        cursor = page.next;
      }
      return all;
    },
    async until(wanted, limitMs) {
      const deadline = performance.now() + limitMs;
      for (;;) {
        const job = await view();
        if (wanted(job)) return job;
        if (performance.now() > deadline) {
          throw new Error(
            `the job is not as expected after ${limitMs / 1000} s: ${job.state} ${JSON.stringify(job.counts)}`,
          );
        }
        await wait(POLL_MS);
      }
    },
  };
}

async function call<Answer>({ api, apiKey }: Access, path: string, body?: string): Promise<Answer> {
  const authorization = `Bearer ${apiKey}`;
  const response = await (body === undefined
    ? fetch(`${api}${path}`, { headers: { authorization } })
    : fetch(`${api}${path}`, {
        method: 'POST',
        body,
        headers: { authorization, 'content-type': 'application/x-ndjson' },
      }));
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 1000)}`);
  return JSON.parse(text) as Answer;
}
