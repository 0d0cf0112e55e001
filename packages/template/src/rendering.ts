/** What a recipient brings: JSON values under their names. */
export type Variables = Readonly<Record<string, unknown>>;

export type Rendering =
  | { readonly kind: 'rendered'; readonly text: string }
  /** A variable is absent or null, and the template gives no default. */
  | { readonly kind: 'missing'; readonly variable: string }
  /** The template cannot be rendered with these values: a list where text was wanted, over a limit. */
  | { readonly kind: 'failed'; readonly because: string };
