/** How a merged value is written into the text around it. */
export type Escape = 'html' | 'none';

/** Merged values that have a text of their own. */
export type Scalar = string | number | boolean;

export function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

const HTML_SPECIAL = /[&<>"']/;
const HTML_SPECIALS = /[&<>"']/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/** Safe as HTML text and inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return HTML_SPECIAL.test(text) ? text.replace(HTML_SPECIALS, (special) => ENTITIES[special] ?? special) : text;
}

export function escapeAs(escape: Escape, text: string): string {
  return escape === 'html' ? escapeHtml(text) : text;
}
