import type { JobContent, JobSettings, Mailbox } from '@mxflow/domain';
import { compileContent, type CompiledContent } from '@mxflow/template';
import { addressField, toAscii } from './address-field.ts';
import { createComposer, type ComposedMessage, type MessageToCompose } from './compose-message.ts';
import { chooseKeys, refuseKey } from './dkim.ts';
import { unstructuredField } from './header-field.ts';
import type { Instance } from './instance.ts';
import { feedbackId, listIdentifier } from './job-headers.ts';
import { compileSkeleton } from './mime-tree.ts';

export type JobToCompile = {
  readonly jobNumber: string;
  readonly publicId: string;
  readonly settings: JobSettings;
  readonly content: JobContent;
  readonly instance: Instance;
};

/** A job whose messages can be composed. Holds no state: one may serve any number of connections. */
export type CompiledJob = {
  /** A promise only where an RSA key signs. Rejects only where signing itself breaks. */
  readonly compose: (message: MessageToCompose) => ComposedMessage | Promise<ComposedMessage>;
};

export type CompileResult =
  | { readonly kind: 'compiled'; readonly job: CompiledJob }
  /** `pointer`: RFC 6901, from the object that holds `settings` and `content`. */
  | { readonly kind: 'invalid'; readonly because: string; readonly pointer?: string };

/** Does once what all messages of a job share: parses templates, encodes bodies, chooses keys. */
export function compileJob({ jobNumber, publicId, settings, content, instance }: JobToCompile): CompileResult {
  const compiled = compileContent(content);
  if (compiled.kind === 'invalid') return { ...compiled, pointer: `/content${compiled.pointer}` };
  const sender = readSender(settings, instance);
  if (sender.kind === 'invalid') return sender;
  const { fromDomain, returnPathDomain } = sender;
  const keys = chooseKeys(instance.dkim, fromDomain);
  const badKey = keys.map(refuseKey).find((because) => because !== undefined);
  if (badKey !== undefined) return { kind: 'invalid', because: badKey };
  const skeleton = compileSkeleton(content, compiled.content, jobNumber);
  const fields = fixedFields({ settings, publicId, sender, instance, content: compiled.content });
  const compose = createComposer({
    instance,
    returnPathDomain,
    keys,
    content: compiled.content,
    skeleton,
    fixedFields: [...fields, 'MIME-Version: 1.0', ...skeleton.fields],
    smtpUtf8: sender.smtpUtf8,
  });
  return { kind: 'compiled', job: { compose } };
}

type Sender = {
  readonly kind: 'sender';
  readonly lines: readonly string[];
  readonly fromDomain: string;
  readonly returnPathDomain: string;
  readonly smtpUtf8: boolean;
};

function readSender(
  { from, replyTo, ...settings }: JobSettings,
  instance: Instance,
): Sender | (CompileResult & { kind: 'invalid' }) {
  const lines: string[] = [];
  const mailboxes: Mailbox[] = [];
  for (const [name, pointer, option] of [
    ['From', '/settings/from', from],
    ['Reply-To', '/settings/replyTo', replyTo],
  ] as const) {
    if (option === undefined) continue;
    const field = addressField(name, option);
    if (field.kind === 'invalid') return { ...field, pointer };
    lines.push(field.line);
    mailboxes.push(field.mailbox);
  }
  const returnPathDomain = toAscii(settings.returnPathDomain ?? instance.returnPathDomain);
  if (returnPathDomain === undefined) {
    return { kind: 'invalid', because: 'a domain was expected', pointer: '/settings/returnPathDomain' };
  }
  return {
    kind: 'sender',
    lines,
    fromDomain: mailboxes[0]?.domain ?? '',
    returnPathDomain,
    smtpUtf8: mailboxes.some(({ needsSmtpUtf8 }) => needsSmtpUtf8),
  };
}

function fixedFields(job: {
  readonly settings: JobSettings;
  readonly publicId: string;
  readonly sender: Sender;
  readonly instance: Instance;
  readonly content: CompiledContent;
}): readonly string[] {
  const { settings, publicId, sender, instance } = job;
  const list = listIdentifier(settings, sender.fromDomain);
  const { listId } = settings;
  const feedback = feedbackId({ publicId, sender: instance.feedbackId, ...(listId === undefined ? {} : { listId }) });
  return [
    ...sender.lines,
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
    ...(list === undefined ? [] : [unstructuredField('List-Id', list)]),
    unstructuredField('Feedback-ID', feedback),
  ];
}
