import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import type { JobAccepted, JobView } from '@mxflow/contracts';
import type { Stack } from '@mxflow/infra/stack';

type Access = Pick<Stack, 'api' | 'apiKey'>;

/** Posts a job as a stream; resolves when it is answered 202. */
export async function postStream({ api, apiKey }: Access, body: Readable): Promise<JobAccepted> {
  const response = await fetch(`${api}/v1/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/x-ndjson' },
    body,
    duplex: 'half',
  } as unknown as RequestInit);
  if (response.status !== 202) throw new Error(`POST /v1/jobs: ${response.status} ${await response.text()}`);
  return (await response.json()) as JobAccepted;
}

export async function readJob({ api, apiKey }: Access, id: string): Promise<JobView> {
  const response = await fetch(`${api}/v1/jobs/${id}`, { headers: { authorization: `Bearer ${apiKey}` } });
  if (!response.ok) throw new Error(`GET /v1/jobs/${id}: ${response.status} ${await response.text()}`);
  return (await response.json()) as JobView;
}

/** Polls a job until it is as asked; throws after the limit. */
export async function untilJob(
  access: Access,
  id: string,
  { is, everyMs = 100, limitMs = 900_000 }: { is: (job: JobView) => boolean; everyMs?: number; limitMs?: number },
): Promise<JobView> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const job = await readJob(access, id);
    if (is(job)) return job;
    if (performance.now() > deadlineMs) throw new Error(`not so after ${limitMs} ms: ${JSON.stringify(job.counts)}`);
    await wait(everyMs);
  }
}

/** Peak resident memory of a process so far, in MB (VmHWM of proc(5)). */
export function peakMemoryMb(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}

/** CPU seconds, user and system, that a process has used so far (proc(5)). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const TICKS_PER_SECOND = 100;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
