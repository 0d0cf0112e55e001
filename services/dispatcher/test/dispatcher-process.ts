import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { bareEnvironment } from '@mxflow/infra/testing';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

type Line = { readonly msg: string; readonly level: string } & Readonly<Record<string, unknown>>;

/** A dispatcher as a process of its own, and what it logged. */
export class DispatcherProcess implements AsyncDisposable {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #text = '';

  constructor(settings: Readonly<Record<string, string>>) {
    const env = { ...bareEnvironment(), ...settings };
    this.#child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'close');
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
  }

  logged(text: string): readonly Line[] {
    return this.lines.filter(({ msg }) => msg.includes(text));
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** In order; answers the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    await this.#ended;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
  }

  #take(text: string): void {
    const parts = (this.#text + text).split('\n');
    this.#text = parts.pop() ?? '';
    this.lines.push(...parts.map((part) => JSON.parse(part) as Line));
  }
}
