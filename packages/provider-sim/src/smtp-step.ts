import type { Stage } from './behaviour.ts';
import type { ContentReader } from './content-reader.ts';
import type { Answer } from './answer.ts';

/** What the connection reads after an answer. */
export type Next =
  | { readonly kind: 'commands' }
  | { readonly kind: 'content'; readonly reader: ContentReader }
  | {
      readonly kind: 'chunk';
      readonly octets: number;
      readonly last: boolean;
      readonly reader: ContentReader;
    }
  | { readonly kind: 'handshake' };

/** `answer` is absent where nothing is said before the next octets are read (BDAT). */
export type Step = {
  readonly stage: Stage;
  readonly answer: Answer | undefined;
  readonly next: Next;
};
