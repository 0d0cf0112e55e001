import { createHash } from 'node:crypto';

import { JobDefinition, type Fault } from '@mxflow/contracts';
import type { JobOrder } from '@mxflow/db';
import { DEFAULT_RETRY_SCHEDULE, parseMailbox, PRIORITIES, type JobContent, type JobSettings } from '@mxflow/domain';
import { canonicalJson, compileSchema, findUnsafe, foundText } from '@mxflow/http-api';
import { compileContent } from '@mxflow/template';

import { findHeaderFaults } from './header-faults.ts';
import { toAscii } from './to-ascii.ts';

/** A job as its definition orders it, without what the post itself adds. */
export type DefinedJob = Omit<JobOrder, 'tenantId' | 'publicId' | 'idempotencyKey' | 'traceparent'>;

export type DefinitionReading =
  | { readonly kind: 'definition'; readonly job: DefinedJob }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

const DEFAULT_VALID_FOR_SECONDS = 432_000;

const findSchemaFaults = compileSchema(JobDefinition);

/** Reads a job's definition. Pure; reports all faults of one kind together: of shape first, then of meaning. */
export function readDefinition(value: unknown): DefinitionReading {
  const unsafe = findUnsafe(value);
  if (unsafe !== undefined) return { kind: 'faults', faults: [unsafe] };
  const shapeFaults = findSchemaFaults(value);
  if (shapeFaults.length > 0) return { kind: 'faults', faults: shapeFaults };
  const definition = value as JobDefinition;
  const faults = [...findAddressFaults(definition), ...findHeaderFaults(definition)];
  if (faults.length > 0) return { kind: 'faults', faults };
  const contentFaults = findContentFaults(contentOf(definition));
  if (contentFaults.length > 0) return { kind: 'faults', faults: contentFaults };
  return { kind: 'definition', job: defineJob(definition) };
}

function findAddressFaults({ from, replyTo, returnPath }: JobDefinition): readonly Fault[] {
  const mailboxes: readonly (readonly [string, string | undefined])[] = [
    ['/from/address', from.address],
    ['/replyTo/address', replyTo?.address],
  ];
  const faults: Fault[] = mailboxes
    .filter(([, address]) => address !== undefined && parseMailbox(address, toAscii) === undefined)
    .map(([pointer, found]) => ({ pointer, expected: 'a mailbox such as user@example.com', found: foundText(found) }));
  if (returnPath !== undefined && returnPathDomain(returnPath) === undefined) {
    faults.push({ pointer: '/returnPath', expected: 'a domain such as example.com', found: foundText(returnPath) });
  }
  return faults;
}

function findContentFaults(content: JobContent): readonly Fault[] {
  const compiled = compileContent(content);
  if (compiled.kind === 'compiled') return [];
  return [{ pointer: compiled.pointer, expected: 'content that can be composed', found: compiled.because }];
}

function defineJob(definition: JobDefinition): DefinedJob {
  const { notBefore } = definition;
  return {
    definitionSha256: new Uint8Array(createHash('sha256').update(canonicalJson(definition)).digest()),
    mode: definition.mode ?? 'live',
    urgency: PRIORITIES.length - 1 - PRIORITIES.indexOf(definition.priority ?? 'normal'),
    pool: definition.pool ?? 'default',
    ...(notBefore === undefined ? {} : { notBefore: new Date(notBefore) }),
    validForSeconds: definition.validFor ?? DEFAULT_VALID_FOR_SECONDS,
    settings: settingsOf(definition),
    content: contentOf(definition),
  };
}

function settingsOf(definition: JobDefinition): JobSettings {
  const { from, replyTo, returnPath, retry, listId, tracking } = definition;
  const domain = returnPath === undefined ? undefined : returnPathDomain(returnPath);
  return {
    from: canonicalCorrespondent(from),
    ...(replyTo === undefined ? {} : { replyTo: canonicalCorrespondent(replyTo) }),
    ...(domain === undefined ? {} : { returnPathDomain: domain }),
    retry: retry ?? DEFAULT_RETRY_SCHEDULE,
    ...(listId === undefined ? {} : { listId }),
    ...(tracking === undefined ? {} : { tracking }),
  };
}

function contentOf({ subject, html, text, headers, attachments }: JobDefinition): JobContent {
  return {
    subject,
    ...(html === undefined ? {} : { html }),
    ...(text === undefined ? {} : { text }),
    ...(headers === undefined ? {} : { headers }),
    ...(attachments === undefined ? {} : { attachments }),
  };
}

function canonicalCorrespondent({ name, address }: JobDefinition['from']): JobSettings['from'] {
  return { ...(name === undefined ? {} : { name }), address: parseMailbox(address, toAscii)?.address ?? address };
}

function returnPathDomain(domain: string): string | undefined {
  return parseMailbox(`b@${domain}`, toAscii)?.domain;
}
