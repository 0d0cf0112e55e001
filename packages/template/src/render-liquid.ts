import type { Liquid, Template as Node } from 'liquidjs';
import type { Rendering, Variables } from './rendering.ts';
import { MAX_RENDERED_LENGTH, UnprintableError } from './sandbox.ts';

/**
 * Renders by the engine; what it throws becomes a value. A rendering that ran out of time is tried once more: the
 * clock on the wall also runs while the machine does something else, and a recipient must not be lost to that.
 */
export function renderLiquid(engine: Liquid, nodes: Node[], variables: Variables): Rendering {
  const first = renderOnce(engine, nodes, variables);
  return first.kind === 'failed' && first.because === OUT_OF_TIME ? renderOnce(engine, nodes, variables) : first;
}

/** The engine's words. */
const OUT_OF_TIME = 'template render limit exceeded';

function renderOnce(engine: Liquid, nodes: Node[], variables: Variables): Rendering {
  try {
    const text: unknown = engine.renderSync(nodes, withoutNulls(variables) as object);
    // Asked before anything flattens it: the engine only strings pieces together.
    if (typeof text !== 'string' || text.length > MAX_RENDERED_LENGTH) {
      return { kind: 'failed', because: 'the rendered text is too long' };
    }
    return { kind: 'rendered', text };
  } catch (error) {
    const cause = innermost(error);
    if ('variableName' in cause && typeof cause.variableName === 'string') {
      return { kind: 'missing', variable: cause.variableName };
    }
    return { kind: 'failed', because: cause instanceof UnprintableError ? cause.message : explain(error).because };
  }
}

/** What the engine said, and where, without the excerpt of the source that it adds. */
export function explain(error: unknown): {
  readonly because: string;
  readonly line?: number;
  readonly column?: number;
} {
  const message = innermost(error).message.split('\n', 1)[0] ?? '';
  const because = message.replace(/, line:\d+, col:\d+$/, '');
  const position = positionOf(error);
  return position === undefined ? { because } : { because, line: position[0], column: position[1] };
}

function positionOf(error: unknown): readonly [number, number] | undefined {
  if (!(error instanceof Error) || !('token' in error)) return undefined;
  const token = error.token as { readonly getPosition?: () => [number, number] } | undefined;
  return token?.getPosition?.();
}

function innermost(error: unknown): Error {
  let cause = error;
  while (cause instanceof Error && 'originalError' in cause && cause.originalError !== undefined)
    cause = cause.originalError;
  return cause instanceof Error ? cause : new Error(String(cause));
}

/** The variables as the engine should see them: it tells only undefined from defined, and a null is neither text. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([name, item]) => [name, withoutNulls(item)]));
}
