import type { Liquid, Template as Node } from 'liquidjs';
import { parsePlainSlot } from './plain-slot.ts';
import type { Escape } from './printable.ts';
import { createSandbox, MAX_RENDERED_LENGTH } from './sandbox.ts';
import { refuseSize } from './template-size.ts';
import { explain, renderLiquid } from './render-liquid.ts';
import type { Rendering, Variables } from './rendering.ts';

/** A stretch of a template: fixed, or merged from variables. */
export type Segment =
  | { readonly kind: 'fixed'; readonly text: string }
  | { readonly kind: 'slot'; readonly merge: (variables: Variables) => Rendering };

export type Template = {
  readonly render: (variables: Variables) => Rendering;
  /**
   * The template as stretches in order, where it is made of text and outputs alone; `undefined` where it has logic.
   * Whoever encodes can encode the fixed stretches once.
   */
  readonly segments: readonly Segment[] | undefined;
};

export type TemplateResult =
  | { readonly kind: 'compiled'; readonly template: Template }
  /** `line` and `column` count from 1. */
  | { readonly kind: 'invalid'; readonly because: string; readonly line?: number; readonly column?: number };

const SANDBOXES: Readonly<Record<Escape, Liquid>> = { html: createSandbox('html'), none: createSandbox('none') };

/**
 * Compiles a Liquid template. Outputs are escaped as told, but behind a last filter `raw`.
 * Null counts as absent. Rendering is synchronous, bounded in time and memory, and never throws.
 */
export function compileTemplate(source: string, { escape }: { readonly escape: Escape }): TemplateResult {
  const oversize = refuseSize(source);
  if (oversize !== undefined) return { kind: 'invalid', because: oversize };
  const engine = SANDBOXES[escape];
  let nodes: Node[];
  try {
    nodes = engine.parse(source);
  } catch (error) {
    return { kind: 'invalid', ...explain(error) };
  }
  const segments = segmentsOf(source, engine, escape);
  const render =
    segments === undefined
      ? (merged: Variables) => renderLiquid(engine, nodes, merged)
      : (merged: Variables) => renderSegments(segments, merged);
  return { kind: 'compiled', template: { render, segments } };
}

function renderSegments(segments: readonly Segment[], variables: Variables): Rendering {
  let text = '';
  for (const segment of segments) {
    if (segment.kind === 'fixed') text += segment.text;
    else {
      const merged = segment.merge(variables);
      if (merged.kind !== 'rendered') return merged;
      text += merged.text;
    }
  }
  if (text.length > MAX_RENDERED_LENGTH) return { kind: 'failed', because: 'the rendered text is too long' };
  return { kind: 'rendered', text };
}

/** Tags and whitespace control reach over their neighbours: a template with either is not cut. */
const CANNOT_CUT = /\{%|\{\{-|-\}\}/;

function segmentsOf(source: string, engine: Liquid, escape: Escape): readonly Segment[] | undefined {
  if (CANNOT_CUT.test(source)) return undefined;
  const segments: Segment[] = [];
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const text = source.slice(at, open === -1 ? source.length : open);
    if (text !== '') segments.push({ kind: 'fixed', text });
    if (open === -1) break;
    const close = source.indexOf('}}', open);
    const slot = compileSlot(source.slice(open, close + 2), engine, escape);
    if (slot === undefined) return undefined;
    segments.push(slot);
    at = close + 2;
  }
  return segments;
}

/** One output alone; `undefined` where the cut went through a quoted text and what is left does not parse. */
function compileSlot(source: string, engine: Liquid, escape: Escape): Segment | undefined {
  const merge = parsePlainSlot(source.slice(2, -2), escape);
  if (merge !== undefined) return { kind: 'slot', merge };
  try {
    const nodes = engine.parse(source);
    return { kind: 'slot', merge: (variables) => renderLiquid(engine, nodes, variables) };
  } catch {
    return undefined;
  }
}
