import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

import type Docker from 'dockerode';

type Progress = { readonly stream?: string; readonly error?: string; readonly status?: string };

export type BuildOrder = {
  readonly tag: string;
  /** The folder that the build sees. */
  readonly context: string;
  /** Relative to the context. */
  readonly dockerfile: string;
  readonly args?: Readonly<Record<string, string>>;
};

/** A registry that says nothing for so long does not answer. */
const SILENCE_LIMIT_MS = 30_000;
const SHOWN_LINES = 30;

export async function hasImage(docker: Docker, tag: string): Promise<boolean> {
  const found = await docker.listImages({ filters: { reference: [tag] } });
  return found.length > 0;
}

/** True when the registry had it; false when no registry answers or it is not there. */
export async function pullImage(docker: Docker, tag: string): Promise<boolean> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_LIMIT_MS);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_LIMIT_MS);
  };
  try {
    await follow(docker, await docker.pull(tag, { abortSignal: silence.signal }), heard);
    return true;
  } catch {
    // Unreachable, refused or unknown there: whichever it is, the image is made here instead.
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Builds without BuildKit, on the machine's own network: the engine of a story may have no other. */
export async function buildImage(docker: Docker, { tag, context, dockerfile, args = {} }: BuildOrder): Promise<void> {
  using tar = tarOf(context);
  const options = { t: tag, dockerfile, buildargs: { ...args }, networkmode: 'host' };
  await follow(docker, await docker.buildImage(tar.stream, options));
}

/** Makes an image of a root file system. */
export async function importImage(docker: Docker, folder: string, tag: string): Promise<void> {
  const [repo = '', version = 'latest'] = tag.split(':');
  using tar = tarOf(folder);
  await follow(docker, await docker.importImage(tar.stream, { repo, tag: version }));
}

/** Ended with the call: nobody reads on when the engine has gone. */
function tarOf(folder: string): Disposable & { readonly stream: Readable } {
  const tar = spawn('tar', ['--numeric-owner', '-C', folder, '-c', '.'], { stdio: ['ignore', 'pipe', 'ignore'] });
  tar.once('error', (cause) => tar.stdout.destroy(cause));
  return {
    stream: tar.stdout,
    [Symbol.dispose]: () => {
      tar.kill();
      tar.stdout.destroy();
    },
  };
}

async function follow(docker: Docker, stream: NodeJS.ReadableStream, heard: () => void = () => {}): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
    const onProgress = ({ stream: text, error }: Progress): void => {
      heard();
      if (text !== undefined) lines.push(text);
      if (error !== undefined)
        reject(new Error(`${error}\n${lines.join('').split('\n').slice(-SHOWN_LINES).join('\n')}`));
    };
    docker.modem.followProgress(stream, done, onProgress);
  });
}
