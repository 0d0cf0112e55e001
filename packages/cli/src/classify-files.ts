import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import {
  classifyMail,
  classifyReply,
  compileRules,
  DEFAULT_RULES,
  explain,
  type CompiledRules,
  type Decision,
} from '@mxflow/bounce';
import type { BounceRuleList } from '@mxflow/contracts';

import { ask } from './api-client.ts';
import { fromCaller } from './caller-path.ts';
import { TROUBLE } from './exit-codes.ts';
import type { Context } from './job-commands.ts';

/** What is printed of a decision: one line of JSON. */
type Line = {
  readonly file: string;
  readonly recipient: string | undefined;
  readonly kind: string;
  readonly decision: Decision;
  readonly enhancedStatus: string | undefined;
  readonly replyCode: number | undefined;
};

export type ClassifyOptions = { readonly reply?: true; readonly inForce?: true };

/** Reads files, folders or standard input, and prints a line for each recipient. */
export async function classifyFiles(
  context: Context,
  files: readonly string[],
  { reply, inForce }: ClassifyOptions,
): Promise<void> {
  const rules = inForce === true ? await readRulesInForce(context) : compileRules(DEFAULT_RULES);
  const paths = await expanded(files.length === 0 ? ['-'] : files);
  const progress = startProgress(paths.length);
  for (const path of paths) {
    const content = await readPath(path);
    if (content === undefined) continue;
    const lines = reply === true ? ofReplies(path, content.toString(), rules) : ofMail(path, content, rules);
    process.stdout.write(lines.map(toJson).join(''));
    progress();
  }
}

async function readRulesInForce(context: Context): Promise<CompiledRules> {
  const { rules } = await ask<BounceRuleList>(context.access(), { method: 'GET', path: '/v1/bounce-rules' });
  // What the API gives out it has checked when it was saved.
  return compileRules(rules.filter(({ enabled }) => enabled) as Parameters<typeof compileRules>[0]);
}

/** Folders stand for the files in them. */
async function expanded(paths: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      if (path === '-') return [path];
      const found = await stat(fromCaller(path)).catch(() => undefined);
      if (found?.isDirectory() !== true) return [path];
      const names = await readdir(fromCaller(path), { withFileTypes: true });
      return names
        .filter((entry) => entry.isFile())
        .map(({ name }) => join(path, name))
        .toSorted();
    }),
  );
  return lists.flat();
}

/** A file that cannot be read is named, and the rest goes on. */
async function readPath(path: string): Promise<Buffer | undefined> {
  try {
    return path === '-' ? await buffer(process.stdin) : await readFile(fromCaller(path));
  } catch (error) {
    process.stderr.write(`mxflow: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = TROUBLE;
    return undefined;
  }
}

function ofMail(file: string, raw: Uint8Array, rules: CompiledRules): readonly Line[] {
  const { kind, recipients } = classifyMail(raw, rules);
  if (recipients.length > 0) {
    return recipients.map((it) => ({ ...it, file, kind, decision: it }));
  }
  const decision: Decision = {
    reason: 'ignored',
    type: 'ignored',
    detail: 'unclear',
    because: { kind: 'mail', text: 'the mail reports no failure' },
  };
  return [{ file, recipient: undefined, kind, decision, enhancedStatus: undefined, replyCode: undefined }];
}

function ofReplies(file: string, content: string, rules: CompiledRules): readonly Line[] {
  return content
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const decision = classifyReply(line, {}, rules);
      return { ...decision, file, recipient: undefined, kind: 'reply', decision };
    });
}

function toJson({ file, recipient, kind, decision, enhancedStatus, replyCode }: Line): string {
  const { type, reason, detail, because } = decision;
  const line = {
    file,
    recipient: recipient ?? null,
    kind,
    type,
    reason,
    detail,
    enhancedStatus: enhancedStatus ?? null,
    replyCode: replyCode ?? null,
    rule: because.kind === 'rule' ? because.rule : null,
    because: explain(because),
  };
  return `${JSON.stringify(line)}\n`;
}

/** Files below which nobody waits long enough to ask. */
const MANY = 200;

/** Tells how far it is, at most once a second, on standard error. */
function startProgress(files: number): () => void {
  let done = 0;
  let toldAt = performance.now();
  return () => {
    done += 1;
    if (files < MANY || (performance.now() - toldAt < 1000 && done < files)) return;
    toldAt = performance.now();
    process.stderr.write(`classified ${done} of ${files}\n`);
  };
}
