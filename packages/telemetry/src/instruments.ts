import type { Attributes, Meter, Observable } from '@opentelemetry/api';

/** A sum that only grows. The attributes are part of the type, so that none can be forgotten or misspelt. */
export type Counted<A extends Attributes> = {
  readonly add: (count: number, attributes: A) => void;
};
/** A sum that only grows, counted in one piece. */
export type PlainCounted = { readonly add: (count: number) => void };
/** Something there is more or less of: `add(1)` when it opens, `add(-1)` when it closes. */
export type Level = { readonly add: (change: number) => void };
/** A figure that was last measured so. */
export type Measured = { readonly record: (value: number) => void };
export type PlainDistribution = { readonly record: (value: number) => void };
export type Distribution<A extends Attributes> = {
  readonly record: (value: number, attributes: A) => void;
};
/** Asks `read` at every collection, until disposed; the last answer stays shown. */
export type Observed = { readonly observe: (read: () => number) => Disposable };

/** For each attribute all the values that it can have. */
type ValueLists = Readonly<Record<string, readonly string[]>>;
type AttributesOf<V extends ValueLists> = { readonly [Name in keyof V]: V[Name][number] };

/*
 * The makers below take four arguments where one object is the rule: metrics.ts then reads as a table.
 */

/** A counter whose attributes have a closed list of values: every combination is shown from the start, at zero. */
export function counter<const V extends ValueLists>(
  meter: Meter,
  name: string,
  description: string,
  values: V,
): Counted<AttributesOf<V>> {
  const instrument = meter.createCounter<AttributesOf<V>>(name, { description });
  for (const attributes of combinations(values)) instrument.add(0, attributes);
  return instrument;
}

/** A counter whose attributes take their few values from the configuration: queue, lane, route. */
export function openCounter<A extends Attributes>(meter: Meter, name: string, description: string): Counted<A> {
  return meter.createCounter<A>(name, { description });
}

export function plainCounter(meter: Meter, name: string, description: string): PlainCounted {
  const instrument = meter.createCounter(name, { description });
  instrument.add(0);
  return instrument;
}

export function level(meter: Meter, name: string, description: string): Level {
  const instrument = meter.createUpDownCounter(name, { description });
  instrument.add(0);
  return instrument;
}

export function measured(meter: Meter, name: string, description: string): Measured {
  return meter.createGauge(name, { description });
}

/** `bounds` are the upper ends of the buckets, in the unit at the end of the name. */
export function distribution<A extends Attributes>(
  meter: Meter,
  name: string,
  description: string,
  bounds: readonly number[],
): Distribution<A> {
  return meter.createHistogram<A>(name, {
    description,
    advice: { explicitBucketBoundaries: [...bounds] },
  });
}

export function plainDistribution(
  meter: Meter,
  name: string,
  description: string,
  bounds: readonly number[],
): PlainDistribution {
  return meter.createHistogram(name, {
    description,
    advice: { explicitBucketBoundaries: [...bounds] },
  });
}

export function observed(meter: Meter, name: string, description: string): Observed {
  return observable(meter.createObservableGauge(name, { description }));
}

/** A sum that somebody else keeps, and that only grows. */
export function observedTotal(meter: Meter, name: string, description: string): Observed {
  return observable(meter.createObservableCounter(name, { description }));
}

function observable(instrument: Observable): Observed {
  return {
    observe: (read) => {
      const report = (result: { observe: (value: number) => void }): void => result.observe(read());
      instrument.addCallback(report);
      return { [Symbol.dispose]: () => instrument.removeCallback(report) };
    },
  };
}

function combinations<V extends ValueLists>(values: V): readonly AttributesOf<V>[] {
  let found: readonly Record<string, string>[] = [{}];
  for (const [name, list] of Object.entries(values)) {
    found = found.flatMap((attributes) => list.map((value) => ({ ...attributes, [name]: value })));
  }
  return found as readonly AttributesOf<V>[];
}
