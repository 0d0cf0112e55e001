import { readDeliverableJob, type Database, type DeliverableJob } from '@mxflow/db';
import { compileJob, type Instance } from './compose/index.ts';
import type { LoadedJob } from './lane-message.ts';

/** Answers a job by number: `undefined` where it is gone, a reason where it cannot be composed. */
export type JobCache = (jobNumber: string) => Promise<LoadedJob | { readonly unusable: string } | undefined>;

/** Definitions kept: content is up to megabytes a job. */
const MAX_JOBS = 200;

/** Reads and compiles each job once. Definitions never change after acceptance, so nothing expires but by number. */
export function createJobCache(database: Database, instance: Instance): JobCache {
  const jobs = new Map<string, ReturnType<JobCache>>();
  return (jobNumber) => {
    const known = jobs.get(jobNumber);
    // Moved to the young end: a Map remembers the order of insertion.
    if (known !== undefined) jobs.delete(jobNumber);
    const job = known ?? load(jobNumber);
    jobs.set(jobNumber, job);
    if (jobs.size > MAX_JOBS) jobs.delete(jobs.keys().next().value ?? jobNumber);
    return job;
  };

  async function load(jobNumber: string): ReturnType<JobCache> {
    try {
      const definition = await readDeliverableJob(database, jobNumber);
      return definition === undefined ? undefined : compile(definition, instance);
    } catch (error) {
      jobs.delete(jobNumber);
      throw error;
    }
  }
}

function compile(definition: DeliverableJob, instance: Instance): LoadedJob | { readonly unusable: string } {
  const { jobNumber, publicId, settings, content } = definition;
  const result = compileJob({ jobNumber, publicId, settings, content, instance });
  switch (result.kind) {
    case 'compiled':
      return { definition, compiled: result.job };
    case 'invalid':
      return { unusable: result.because };
  }
}
