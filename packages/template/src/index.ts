export {
  compileContent,
  MAX_HEADER_OCTETS,
  MAX_SUBJECT_OCTETS,
  type CompiledContent,
  type CompiledHeader,
  type ContentResult,
} from './content.ts';
export type { Escape } from './printable.ts';
export type { Rendering, Variables } from './rendering.ts';
export { compileTemplate, type Segment, type Template, type TemplateResult } from './template.ts';
