import type { ChildProcess } from 'node:child_process';

/** Reads the log of a service that was started, until it says on which port it listens and that it is ready. */
export function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let port: number | undefined;
    let text = '';
    child.stdout?.on('data', (part: Buffer) => {
      const lines = (text + part.toString()).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const entry = JSON.parse(line) as { msg: string; port?: number };
        port ??= entry.msg === 'listening' ? entry.port : undefined;
        if (entry.msg.startsWith('ready') && port !== undefined) resolve(port);
      }
    });
    child.once('exit', (code) => reject(new Error(`expected the service to start, it ended with ${code}`)));
  });
}
