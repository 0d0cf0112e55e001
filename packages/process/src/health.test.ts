import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { createLogger } from '@mxflow/telemetry';
import { expect, test } from 'vitest';

import { startHealth } from './health.ts';

const logger = createLogger({ service: 's', level: 'silent' });
const OPTIONS = { host: '127.0.0.1', port: 0, logger, checkLimitMs: 50, metricsText: async () => 'mxflow_x 1\n' };

async function ask(url: string, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}${path}`);
  return { status: response.status, body: await response.json() };
}

test('live from the start, ready only between start and stop', async () => {
  await using health = await startHealth(OPTIONS);
  expect(await ask(health.url, '/live')).toEqual({ status: 200, body: { status: 'live' } });
  expect(await ask(health.url, '/ready')).toEqual({ status: 503, body: { status: 'starting', failing: [] } });
  health.setPhase('ready');
  expect(await ask(health.url, '/ready?verbose')).toEqual({ status: 200, body: { status: 'ready' } });
  health.setPhase('stopping');
  expect(await ask(health.url, '/ready')).toEqual({ status: 503, body: { status: 'stopping', failing: [] } });
  expect(await ask(health.url, '/live')).toMatchObject({ status: 200 });
});

test('checks that fail, throw at once or take too long are named, without the reason', async () => {
  await using health = await startHealth(OPTIONS);
  health.setPhase('ready');
  health.addReadiness('database', async () => undefined);
  health.addReadiness('broker', () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5672')));
  health.addReadiness('resolver', () => {
    throw new Error('at once');
  });
  const slow = health.addReadiness('lanes', () => new Promise(() => undefined));
  expect(await ask(health.url, '/ready')).toEqual({
    status: 503,
    body: { status: 'failing', failing: ['broker', 'resolver', 'lanes'] },
  });
  slow[Symbol.dispose]();
  expect(await ask(health.url, '/ready')).toMatchObject({ body: { failing: ['broker', 'resolver'] } });
});

test('probes at the same time share one round of checks', async () => {
  await using health = await startHealth(OPTIONS);
  health.setPhase('ready');
  let rounds = 0;
  health.addReadiness('database', async () => void (rounds += 1));
  const { hostname, port } = new URL(health.url);
  const socket = connect(Number(port), hostname);
  const probe = 'GET /ready HTTP/1.1\r\nHost: x\r\n';
  // In one write, so that the server has read all three before it answers the first.
  socket.end(`${probe}\r\n${probe}\r\n${probe}Connection: close\r\n\r\n`);
  const answers = await text(socket);
  expect(answers.match(/^HTTP\/1\.1 200 /gm)).toHaveLength(3);
  expect(rounds).toBe(1);
});

test('metrics are served as text', async () => {
  await using health = await startHealth(OPTIONS);
  const response = await fetch(`${health.url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await response.text()).toBe('mxflow_x 1\n');
});

test('metrics that cannot be read answer 500, an unknown path 404', async () => {
  const metricsText = () => Promise.reject(new Error('no'));
  await using health = await startHealth({ ...OPTIONS, metricsText });
  expect(await ask(health.url, '/metrics')).toEqual({ status: 500, body: { status: 'failed' } });
  expect(await ask(health.url, '/nowhere')).toEqual({ status: 404, body: { status: 'not-found' } });
});

test('a port that is taken is an error of the start', async () => {
  await using health = await startHealth(OPTIONS);
  await expect(startHealth({ ...OPTIONS, port: Number(new URL(health.url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
