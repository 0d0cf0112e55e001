import { Worker } from 'node:worker_threads';

import type { BounceRule } from '@mxflow/domain';

import type { ReadMail } from './read-mail.ts';

/** What a reading thread is told; it answers each order once, in their order. */
export type ThreadOrder =
  | { readonly kind: 'rules'; readonly rules: readonly BounceRule[] }
  | { readonly kind: 'mail'; readonly raw: Uint8Array };

export type ThreadAnswer = { readonly kind: 'ready' } | { readonly kind: 'read'; readonly mail: ReadMail };

/** What became of reading a mail. Where a mail ended its thread, the next one finds a new thread. */
export type Reading =
  | { readonly kind: 'read'; readonly mail: ReadMail }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'broken'; readonly error: unknown };

/** Starting a thread and compiling the rules is no mail's fault. */
const READY_LIMIT_MS = 30_000;
/** A mail that wants more ends its thread, not the process. */
const MEMORY_MB = 512;

/** One thread that reads mails, one after the other: begun when first needed, and again after a mail that ended it. */
export class MailThread implements AsyncDisposable {
  #worker: Worker | undefined;
  #rules: readonly BounceRule[] | undefined;

  /** Reads a mail by these rules, in no more than so many milliseconds. */
  async read(raw: Uint8Array, rules: readonly BounceRule[], limitMs: number): Promise<Reading> {
    const ready = await this.#follow(rules);
    if (ready.kind !== 'answered') return ready;
    // A copy of its own: it is handed over, and the mail may be asked for once more.
    const own = new Uint8Array(raw);
    const answer = await this.#ask({ kind: 'mail', raw: own }, { limitMs, handOver: own.buffer });
    if (answer.kind !== 'answered') return answer;
    if (answer.answer.kind === 'read') return answer.answer;
    throw new Error(`expected a mail that was read, found ${answer.answer.kind}`);
  }

  async #follow(rules: readonly BounceRule[]): Promise<Asked> {
    if (this.#worker !== undefined && this.#rules === rules) return { kind: 'answered', answer: { kind: 'ready' } };
    const answer = await this.#ask({ kind: 'rules', rules }, { limitMs: READY_LIMIT_MS });
    if (answer.kind === 'answered') this.#rules = rules;
    return answer;
  }

  async #ask(
    order: ThreadOrder,
    { limitMs, handOver }: { readonly limitMs: number; readonly handOver?: ArrayBuffer },
  ): Promise<Asked> {
    const worker = (this.#worker ??= this.#start());
    const { promise, resolve } = Promise.withResolvers<Asked>();
    const onMessage = (answer: ThreadAnswer): void => resolve({ kind: 'answered', answer });
    const onError = (error: unknown): void => resolve({ kind: 'broken', error });
    const onExit = (code: number): void =>
      resolve({ kind: 'broken', error: new Error(`the thread ended with ${code}`) });
    const timer = setTimeout(() => resolve({ kind: 'too-long' }), limitMs);
    worker.once('message', onMessage).once('error', onError).once('exit', onExit);
    worker.postMessage(order, handOver === undefined ? [] : [handOver]);
    const asked = await promise;
    clearTimeout(timer);
    worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    if (asked.kind !== 'answered') await this.#end();
    return asked;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#rules = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./mail-thread-main.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      env: {},
      execArgv: [],
    });
    // Whoever asked it hears of an error as well; without a question there is nobody to be told.
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#rules = undefined;
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

type Asked = { readonly kind: 'answered'; readonly answer: ThreadAnswer } | Exclude<Reading, { readonly kind: 'read' }>;
