/** The few calls of RabbitMQ's management API that the stack and its tests need. */
export type RabbitManagement = {
  /** With user and password. */
  readonly url: string;
  readonly answers: () => Promise<boolean>;
  /** The caller may do everything there. Does nothing when it exists. */
  readonly createVhost: (name: string) => Promise<void>;
  /** Closes the connections there. Does nothing when there is none. */
  readonly dropVhost: (name: string) => Promise<void>;
};

export function managementOf(url: string): RabbitManagement {
  const call = (method: string, path: string): Promise<Response> => request(url, method, path);
  return {
    url,
    async answers() {
      try {
        return (await call('GET', '/api/whoami')).ok;
      } catch {
        // Not listening yet.
        return false;
      }
    },
    async createVhost(name) {
      expectOk(await call('PUT', `/api/vhosts/${encodeURIComponent(name)}`), `the virtual host ${name} to be made`);
    },
    async dropVhost(name) {
      const answer = await call('DELETE', `/api/vhosts/${encodeURIComponent(name)}`);
      if (answer.status !== 404) expectOk(answer, `the virtual host ${name} to be dropped`);
    },
  };
}

/** `fetch` refuses user and password in a URL, so they travel in the header. */
async function request(url: string, method: string, path: string): Promise<Response> {
  const { username, password, origin } = new URL(url);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    signal: AbortSignal.timeout(20_000),
  });
  await answer.arrayBuffer();
  return answer;
}

function expectOk(answer: Response, what: string): void {
  if (!answer.ok) throw new Error(`expected ${what}, and RabbitMQ's management API answered ${answer.status}`);
}
