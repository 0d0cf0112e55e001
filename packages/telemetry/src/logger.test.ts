import { expect, test } from 'vitest';

import { createLogger } from './logger.ts';
import { startTelemetry } from './telemetry.ts';
import { extractTrace, runInTrace, withSpan } from './trace-carrier.ts';

type Line = Readonly<Record<string, unknown>>;

function diary() {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  return { lines, logger: createLogger({ service: 'test', level: 'info', destination }) };
}

test('a line names service and level, and nothing below the level is written', () => {
  const { lines, logger } = diary();
  logger.debug('unseen');
  logger.warn({ jobId: 'j1' }, 'seen');
  expect(lines).toEqual([expect.objectContaining({ level: 'warn', service: 'test', jobId: 'j1', msg: 'seen' })]);
});

test('addresses are masked in fields, nested fields, errors and the text itself', () => {
  const { lines, logger } = diary();
  const err = new Error('550 5.1.1 <user@example.com> unknown');
  logger.error(
    { err, forwardPath: 'user@example.com', reply: { text: 'to user@example.com' } },
    'lost user@example.com',
  );
  expect(JSON.stringify(lines)).not.toContain('user@');
  expect(lines[0]).toMatchObject({ forwardPath: 'u***@example.com', msg: 'lost u***@example.com' });
});

test('credentials are blanked by name and in URLs', () => {
  const { lines, logger } = diary();
  logger.info({ apiKey: 'hush', broker: { password: 'hush' }, url: 'amqp://me:hush@127.0.0.1:5672' }, 'x');
  expect(JSON.stringify(lines)).not.toContain('hush');
});

test('a line within a trace carries its ids', async () => {
  await using _telemetry = startTelemetry({ service: 'test', version: '1', otlpEndpoint: '' });
  const { lines, logger } = diary();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  await runInTrace(extractTrace({ traceparent }), () => withSpan('work', {}, () => logger.info('inside')));
  logger.info('outside');
  expect(lines[0]).toMatchObject({ trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' });
  expect(lines[1]).not.toHaveProperty('trace_id');
});
