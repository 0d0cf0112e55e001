import { createHmac } from 'node:crypto';

import { DEFAULT_RETRY_SCHEDULE, messageIdOf, type JobContent, type JobSettings, type Mac } from '@mxflow/domain';
import {
  compileJob,
  type CompileResult,
  type ComposedMessage,
  type DkimKey,
  type Instance,
} from '../src/compose/index.ts';

export const sampleMac: Mac = (keyId, text) => createHmac('sha256', `secret of ${keyId}`).update(text).digest();

/** Tuesday, 24 November 2026, 12:00:01.234 UTC. */
export const SAMPLE_NOW = Date.UTC(2026, 10, 24, 12, 0, 1, 234);

export const SAMPLE_ID = messageIdOf('42', 7);

export const sampleInstance: Instance = {
  returnPathDomain: 'bounces.mxflow.example',
  unsubscribe: { baseUrl: 'https://mail.mxflow.example', mailtoDomain: 'bounces.mxflow.example' },
  mac: sampleMac,
  keyId: 'a',
  dkim: [],
  feedbackId: 'mxflow1',
};

const settings: JobSettings = {
  from: { name: 'Shop', address: 'news@shop.example' },
  retry: DEFAULT_RETRY_SCHEDULE,
  listId: 'weekly',
};

export type Sample = {
  readonly content: JobContent;
  readonly settings?: Partial<JobSettings>;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly address?: string;
  readonly dkim?: readonly DkimKey[];
};

export function compileSample(sample: Omit<Sample, 'variables' | 'address'>): CompileResult {
  return compileJob({
    jobNumber: '42',
    publicId: 'job_01',
    settings: { ...settings, ...sample.settings },
    content: sample.content,
    instance: { ...sampleInstance, dkim: sample.dkim ?? [] },
  });
}

/** One message of a job of its own; a promise only where the composer gave one. */
export function composeSample(sample: Sample): ComposedMessage | Promise<ComposedMessage> {
  const result = compileSample(sample);
  if (result.kind === 'invalid') throw new Error(`${result.pointer ?? ''}: ${result.because}`);
  const { address = 'ada@example.net', variables = {} } = sample;
  return result.job.compose({ messageId: SAMPLE_ID, attempt: 1, address, variables, now: SAMPLE_NOW });
}

/** The octets of a message that must have been composed. */
export async function composedText(sample: Sample): Promise<string> {
  const composed = await composeSample(sample);
  if (composed.kind !== 'composed') throw new Error(composed.because);
  return composed.content.toString(composed.smtpUtf8 ? 'utf8' : 'latin1');
}
