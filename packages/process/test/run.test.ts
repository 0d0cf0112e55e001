import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const SAMPLE = fileURLToPath(new URL('./fixtures/sample-service.ts', import.meta.url));

type Line = { readonly msg: string; readonly level: string } & Readonly<Record<string, unknown>>;

/** The sample service as a process of its own, and what it logged. */
class Sample implements Disposable {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  #text = '';

  constructor(environment: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [SAMPLE], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.child, 'close');
    this.child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
  }

  async untilLogged(start: string): Promise<Line> {
    for (;;) {
      const line = this.lines.find(({ msg }) => msg.startsWith(start));
      if (line !== undefined) return line;
      await once(this.child.stdout as NodeJS.ReadableStream, 'data');
    }
  }

  async exitCode(): Promise<unknown> {
    return (await this.#ended)[0];
  }

  messages(): readonly string[] {
    return this.lines.map(({ msg }) => msg);
  }

  #take(text: string): void {
    const parts = (this.#text + text).split('\n');
    this.#text = parts.pop() ?? '';
    this.lines.push(...parts.map((part) => JSON.parse(part) as Line));
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL');
  }
}

test.for(['SIGTERM', 'SIGINT'] as const)('%s: drains, closes and ends with 0', async (signal) => {
  using sample = new Sample({});
  const { healthUrl, msg } = await sample.untilLogged('ready');
  expect(msg).toMatch(/^ready in \d+ ms$/);
  expect((await fetch(`${String(healthUrl)}/ready`)).status).toBe(200);
  const metrics = await (await fetch(`${String(healthUrl)}/metrics`)).text();
  expect(metrics).toMatch(/mxflow_event_loop_delay_p99_seconds\{service_name="sample"\} \d/);
  expect(metrics).toMatch(/mxflow_process_cpu_seconds_total\{service_name="sample"\} \d+\.\d/);
  sample.child.kill(signal);
  expect(await sample.exitCode()).toBe(0);
  expect(sample.messages().slice(1)).toEqual(['stopping', 'draining', 'drained', 'stopped']);
  expect(sample.lines.find((line) => line.msg === 'draining')).toMatchObject({ aborted: true });
});

test('the end of the standard input stops it when it is told so', async () => {
  using sample = new Sample({ MXFLOW_STOP_WITH_STDIN: '1' });
  await sample.untilLogged('ready');
  sample.child.stdin?.end();
  expect(await sample.exitCode()).toBe(0);
  expect(await sample.untilLogged('stopping')).toMatchObject({ reason: 'stdin-ended' });
});

test('a drain that hangs is cut off at the deadline, with 1', async () => {
  using sample = new Sample({ MXFLOW_SAMPLE_END: 'hang', MXFLOW_STOP_DEADLINE: '1s' });
  await sample.untilLogged('ready');
  sample.child.kill('SIGTERM');
  expect(await sample.exitCode()).toBe(1);
  expect(sample.lines.at(-1)).toMatchObject({ level: 'fatal', msg: 'stop deadline missed', limitMs: 1_000 });
});

test('a leak after a clean drain is cut off at the deadline and named', async () => {
  using sample = new Sample({ MXFLOW_SAMPLE_END: 'leak', MXFLOW_STOP_DEADLINE: '1s' });
  await sample.untilLogged('ready');
  sample.child.kill('SIGTERM');
  expect(await sample.exitCode()).toBe(1);
  expect(sample.lines.at(-1)).toMatchObject({
    msg: 'stop deadline missed',
    stillActive: expect.arrayContaining(['Timeout']),
  });
});

test('a second signal ends it at once', async () => {
  using sample = new Sample({ MXFLOW_SAMPLE_END: 'hang' });
  await sample.untilLogged('ready');
  sample.child.kill('SIGTERM');
  await sample.untilLogged('draining');
  sample.child.kill('SIGINT');
  expect(await sample.exitCode()).toBe(130);
});

test('a drain that throws is logged and ends with 1', async () => {
  using sample = new Sample({ MXFLOW_SAMPLE_END: 'throw' });
  await sample.untilLogged('ready');
  sample.child.kill('SIGTERM');
  expect(await sample.exitCode()).toBe(1);
  expect(await sample.untilLogged('did not stop cleanly')).toMatchObject({ err: { message: 'channel gone' } });
});

test('a start that fails ends with 1 and leaves nothing running', async () => {
  using sample = new Sample({ MXFLOW_SAMPLE_START: 'throw' });
  expect(await sample.exitCode()).toBe(1);
  expect(await sample.untilLogged('could not start')).toMatchObject({ err: { message: 'no broker' } });
});

test('a stray rejection is fatal: logged, drained, ended with 1', async () => {
  using sample = new Sample({ MXFLOW_SAMPLE_START: 'reject-later' });
  expect(await sample.exitCode()).toBe(1);
  expect(sample.messages()).toEqual(expect.arrayContaining(['uncaught error', 'draining', 'drained', 'stopped']));
});

test('faulty settings end it before anything is started', async () => {
  using sample = new Sample({ MXFLOW_LOG_LEVEL: 'loud', MXFLOW_SAMPLE_TOKEN: 'hush' });
  expect(await sample.exitCode()).toBe(78);
  expect(sample.lines).toHaveLength(1);
  expect(sample.lines[0]?.['faults']).toMatchObject([{ name: 'MXFLOW_SAMPLE_TOKEN' }, { name: 'MXFLOW_LOG_LEVEL' }]);
  expect(JSON.stringify(sample.lines)).not.toContain('hush');
});

test('a misspelt setting is warned of', async () => {
  using sample = new Sample({ MXFLOW_STOP_DEADLIN: '1s' });
  expect(await sample.untilLogged('unknown settings')).toMatchObject({
    unknown: [{ name: 'MXFLOW_STOP_DEADLIN', didYouMean: 'MXFLOW_STOP_DEADLINE' }],
  });
});
