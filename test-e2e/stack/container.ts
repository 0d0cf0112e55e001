import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

import type Docker from 'dockerode';

export type ExecResult = { readonly exitCode: number; readonly output: string; readonly errors: string };

/** Runs a program inside a running container. */
export async function execIn(
  docker: Docker,
  container: Docker.Container,
  argv: readonly string[],
): Promise<ExecResult> {
  const exec = await container.exec({ Cmd: [...argv], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const [output, errors] = await split(docker, stream);
  const { ExitCode } = await exec.inspect();
  return { exitCode: ExitCode ?? -1, output, errors };
}

/** Everything the container's process has written so far, both streams. */
export async function logsOf(docker: Docker, container: Docker.Container, lastLines = 200): Promise<string> {
  const buffer = await container.logs({ stdout: true, stderr: true, tail: lastLines });
  const stream = new PassThrough();
  stream.end(buffer);
  const [output, errors] = await split(docker, stream);
  return `${output}${errors}`;
}

/** Resolves when the container's own health check says so; throws with its log when it ends or takes too long. */
export async function untilHealthy(docker: Docker, container: Docker.Container, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const { State, Name } = await container.inspect();
    if (State.Health?.Status === 'healthy') return;
    if (!State.Running || performance.now() > deadline) {
      const why = State.Running
        ? `is ${State.Health?.Status ?? 'without a health check'}`
        : `ended with ${State.ExitCode}`;
      throw new Error(`${Name} ${why}:\n${await logsOf(docker, container, 40)}`);
    }
    await wait(500);
  }
}

/** Runs a container to its end and removes it; throws with what it said unless it ended with 0. */
export async function runToEnd(docker: Docker, order: Docker.ContainerCreateOptions): Promise<string> {
  const container = await docker.createContainer(order);
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const said = await logsOf(docker, container);
    if (StatusCode !== 0) throw new Error(`${(order.Cmd ?? []).join(' ')} ended with ${StatusCode}:\n${said}`);
    return said;
  } finally {
    await container.remove({ force: true });
  }
}

/** An attached stream carries standard output and standard error in turns. */
async function split(docker: Docker, stream: NodeJS.ReadableStream): Promise<[string, string]> {
  const [output, errors] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, output, errors);
  stream.once('end', () => {
    output.end();
    errors.end();
  });
  return await Promise.all([text(output), text(errors)]);
}
