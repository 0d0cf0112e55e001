import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { providers, recipientsAt } from './providers.ts';
import { until } from './until.ts';
import { startWorld, type World } from './world.ts';

const MESSAGES = 8000;
/** Recipients that are posted before the API dies. */
const POSTED = 5000;
const LINES_AT_ONCE = 500;
const KEY = 'spring-campaign';

type Answer = { readonly status: number; readonly id: string | undefined };

test(
  'the API is killed amid a stream: the repeat goes on with it, another content is refused',
  { timeout: 240_000 },
  async () => {
    const specs = providers(4);
    await using world = await startWorld({
      providers: specs,
      workers: 1,
      settings: { MXFLOW_API_RECEIVER_LEASE: '2s' },
    });
    const { ingestApi } = world.stack;
    const lines = linesOf(recipientsAt(specs, MESSAGES));

    const died = new AbortController();
    // Expected from here on: it breaks while the kill is awaited.
    const broken = expect(postStream(world, holdOpen(lines.slice(0, POSTED), died.signal))).rejects.toThrow();
    await until('chunks stored', () => countChunks(world), { is: (chunks) => chunks >= 2, withinMs: 60_000 });
    await ingestApi.kill();
    died.abort();
    await broken;
    await ingestApi.restart();

    const again = await until('the repeat accepted', () => postStream(world, lines), {
      is: ({ status }) => status !== 409,
      withinMs: 60_000,
    });
    expect(again.status).toBe(202);
    expect(await postStream(world, lines)).toEqual(again);
    const changed = [...lines.slice(0, -1), JSON.stringify({ address: 'somebody.else@p1.test' })];
    expect((await postStream(world, changed)).status).toBe(409);

    const jobs = await world.query<{ id: string; state: string; recipients: number }>(
      'SELECT public_id AS id, state::text, recipients FROM jobs',
    );
    expect(jobs).toEqual([{ id: again.id, state: expect.any(String), recipients: MESSAGES }]);
    const campaign = world.follow(again.id ?? '');
    await campaign.untilFinished({ limitMs: 150_000 });
    const evidence = await gatherEvidence(world, campaign, { simulated: true });
    expect(evidence.faults).toEqual([]);
    expect(evidence.statuses).toEqual({ sent: MESSAGES });
  },
);

function linesOf(addresses: readonly string[]): readonly string[] {
  const definition = { from: { address: 'news@sender.test' }, subject: 'Hello', text: 'Hello.\n', mode: 'simulate' };
  return [definition, ...addresses.map((address) => ({ address }))].map((line) => JSON.stringify(line));
}

/** Some lines at a time; the end of the body does not come before the signal. */
async function* holdOpen(lines: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  yield* inParts(lines);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function* inParts(lines: readonly string[]): Generator<string> {
  for (let first = 0; first < lines.length; first += LINES_AT_ONCE) {
    yield `${lines.slice(first, first + LINES_AT_ONCE).join('\n')}\n`;
  }
}

async function postStream({ stack }: World, lines: readonly string[] | AsyncGenerator<string>): Promise<Answer> {
  const parts = Symbol.asyncIterator in lines ? lines : inParts(lines);
  const response = await fetch(`${stack.api}/v1/jobs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${stack.apiKey}`,
      'content-type': 'application/x-ndjson',
      'idempotency-key': KEY,
    },
    body: ReadableStream.from(parts).pipeThrough(new TextEncoderStream()),
    duplex: 'half',
  });
  const { id } = (await response.json()) as { readonly id?: string };
  return { status: response.status, id };
}

async function countChunks(world: World): Promise<number> {
  const [row] = await world.query<{ chunks: number }>('SELECT count(*)::int AS chunks FROM job_chunks');
  return row?.chunks ?? 0;
}
