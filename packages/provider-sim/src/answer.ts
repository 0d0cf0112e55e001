/** What a server does next on a connection. */
export type Answer =
  | {
      readonly kind: 'reply';
      readonly code: number;
      readonly lines: readonly string[];
      readonly close: boolean;
    }
  /** Nothing is ever said again; the connection stays open at this end. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'close' }
  | { readonly kind: 'reset' };

export type Reply = Extract<Answer, { kind: 'reply' }>;

/** A reply after which the dialogue goes on. */
export function reply(code: number, lines: readonly string[]): Reply {
  return { kind: 'reply', code, lines, close: false };
}
