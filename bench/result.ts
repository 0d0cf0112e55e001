/** One measured figure. */
export type Result = {
  readonly bench: string;
  readonly case: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
};

/** A figure that is promised somewhere, and whether this run kept it. */
export type Target = { readonly name: string; readonly value: number; readonly target: number; readonly met: boolean };

/** Writes a result as one line of JSON, as soon as it is known. */
export function printResult(result: Result): void {
  process.stdout.write(`${JSON.stringify({ ...result, value: round(result.value) })}\n`);
}

/** The last line of a benchmark. */
export function printTargets(bench: string, targets: readonly Target[]): void {
  const rounded = targets.map((target) => ({ ...target, value: round(target.value) }));
  process.stdout.write(`${JSON.stringify({ bench, targets: rounded })}\n`);
}

/** A target met when the value is at most so much. */
export function atMost(name: string, value: number, target: number): Target {
  return { name, value, target, met: value <= target };
}

/** A target met when the value is at least so much. */
export function atLeast(name: string, value: number, target: number): Target {
  return { name, value, target, met: value >= target };
}

/** Three significant digits behind the point are more than a run on a shared machine can tell. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** For people, beside the lines for machines. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
