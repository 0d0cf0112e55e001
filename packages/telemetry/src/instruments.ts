import type { Attributes, Meter, Observable } from '@opentelemetry/api';

/** A sum that only grows. The attributes are part of the type, so that none can be forgotten or misspelt. */
export type Counted<A extends Attributes> = {
  readonly add: (count: number, attributes: A) => void;
};
/** A sum that only grows, counted in one piece. */
export type PlainCounted = { readonly add: (count: number) => void };
/** A figure that was last measured so. */
export type Measured = { readonly record: (value: number) => void };
/** The same for each of a few values that the configuration brings. */
export type MeasuredBy<A extends Attributes> = { readonly record: (value: number, attributes: A) => void };
export type PlainDistribution = { readonly record: (value: number) => void };
export type Distribution<A extends Attributes> = {
  readonly record: (value: number, attributes: A) => void;
};
/** Asks `read` at every collection, until disposed; the last answer stays shown. */
export type Observed = { readonly observe: (read: () => number) => Disposable };

/** For each attribute all the values that it can have. */
type ValueLists = Readonly<Record<string, readonly string[]>>;
type AttributesOf<V extends ValueLists> = { readonly [Name in keyof V]: V[Name][number] };

/** The makers of `meter`'s instruments, each called with name and description. */
export function instruments(meter: Meter) {
  return {
    /** A counter whose attributes have a closed list of values: every combination is shown from the start, at zero. */
    counter: <const V extends ValueLists>(name: string, description: string, values: V): Counted<AttributesOf<V>> => {
      const instrument = meter.createCounter<AttributesOf<V>>(name, { description });
      for (const attributes of combinations(values)) instrument.add(0, attributes);
      return instrument;
    },
    /** A counter whose attributes take their few values from the configuration: queue, lane, route. */
    openCounter: <A extends Attributes>(name: string, description: string): Counted<A> =>
      meter.createCounter<A>(name, { description }),
    plainCounter: (name: string, description: string): PlainCounted => {
      const instrument = meter.createCounter(name, { description });
      instrument.add(0);
      return instrument;
    },
    measured: (name: string, description: string): Measured => meter.createGauge(name, { description }),
    openMeasured: <A extends Attributes>(name: string, description: string): MeasuredBy<A> =>
      meter.createGauge<A>(name, { description }),
    /** `bounds` are the upper ends of the buckets, in the unit at the end of the name. */
    distribution: <A extends Attributes>(name: string, description: string, bounds: Bounds): Distribution<A> =>
      meter.createHistogram<A>(name, { description, advice: { explicitBucketBoundaries: [...bounds] } }),
    plainDistribution: (name: string, description: string, bounds: Bounds): PlainDistribution =>
      meter.createHistogram(name, { description, advice: { explicitBucketBoundaries: [...bounds] } }),
    observed: (name: string, description: string): Observed =>
      observable(meter.createObservableGauge(name, { description })),
    /** A sum that somebody else keeps, and that only grows. */
    observedTotal: (name: string, description: string): Observed =>
      observable(meter.createObservableCounter(name, { description })),
  };
}

type Bounds = readonly number[];

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
