import fc from 'fast-check';
import { expect, test } from 'vitest';

import { OpenGauge, SlidingPeak } from './sliding-peak.ts';

const gapsMs = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 400 })), { maxLength: 200 });

function instants(gaps: readonly number[]): number[] {
  let atMs = 1000;
  return gaps.map((gap) => (atMs += gap));
}

test('the sliding peak is what counting every window gives', () => {
  fc.assert(
    fc.property(gapsMs, fc.integer({ min: 1, max: 300 }), (gaps, windowMs) => {
      const atMs = instants(gaps);
      const peak = new SlidingPeak(windowMs);
      for (const at of atMs) peak.add(at);
      const windows = atMs.map((start) => atMs.filter((at) => at >= start && at < start + windowMs).length);
      expect(peak.peak).toBe(Math.max(0, ...windows));
    }),
  );
});

test('two events exactly one window apart never share one', () => {
  const peak = new SlidingPeak(1000);
  for (const at of [0, 1000, 1999.999, 2000]) peak.add(at);
  expect(peak.peak).toBe(2);
});

test('memory follows the fullest window, not the events', () => {
  const peak = new SlidingPeak(100);
  for (let at = 0; at < 200_000; at += 10) peak.add(at);
  expect(peak.peak).toBe(10);
});

test('peak and mean of open connections are what sampling every millisecond gives', () => {
  const connection = fc.record({ openAt: fc.integer({ min: 0, max: 300 }), openFor: fc.integer({ min: 1, max: 200 }) });
  const span = fc.record({ fromMs: fc.integer({ min: 0, max: 250 }), lengthMs: fc.integer({ min: 1, max: 250 }) });
  fc.assert(
    fc.property(fc.array(connection, { minLength: 1, maxLength: 30 }), span, (connections, { fromMs, lengthMs }) => {
      const toMs = fromMs + lengthMs;
      const gauge = new OpenGauge(fromMs, toMs);
      const changes = connections
        .flatMap(({ openAt, openFor }) => [
          { at: openAt, by: 1 as const },
          { at: openAt + openFor, by: -1 as const },
        ])
        .toSorted((one, other) => one.at - other.at || one.by - other.by);
      for (const { at, by } of changes) gauge.change(by, at);
      const openAt = (ms: number): number =>
        connections.filter((one) => one.openAt <= ms && ms < one.openAt + one.openFor).length;
      const samples = Array.from({ length: lengthMs }, (_none, index) => openAt(fromMs + index));
      expect(gauge.peak).toBe(Math.max(...Array.from({ length: 501 }, (_none, ms) => openAt(ms))));
      const mean = samples.reduce((sum, open) => sum + open, 0) / lengthMs;
      expect(gauge.mean({ fromMs: 0, toMs: 1000 })).toBeCloseTo(mean, 9);
    }),
  );
});
