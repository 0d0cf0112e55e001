/** A text as Postgres keeps it: neither NUL nor half of a surrogate pair, in which a text cut at some length may end. */
export function storable(text: string): string;
export function storable(text: string | undefined): string | undefined;
export function storable(text: string | undefined): string | undefined {
  return text?.replaceAll('\u0000', '').toWellFormed();
}

/** SQLSTATE class 22, data exception: a value that the column or the parser does not take. */
const DATA_EXCEPTION = /^22...$/;

/** True where a statement failed because of what it was given: repeating it is of no use, leaving the value out is. */
export function isUnstorable(error: unknown): boolean {
  const { meta } = error as { readonly meta?: { readonly driverAdapterError?: { readonly cause?: unknown } } };
  const { originalCode } = (meta?.driverAdapterError?.cause ?? {}) as { readonly originalCode?: unknown };
  return typeof originalCode === 'string' && DATA_EXCEPTION.test(originalCode);
}
