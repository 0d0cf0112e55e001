import { readFileSync } from 'node:fs';

/** A reply and the reasons of which any is right, the best first. */
export type SaidReply = { readonly reply: string; readonly reasons: readonly string[] };

/**
 * Reads a file of replies: `## family`, `= reason|other reason` for the lines that follow, then a reply a line.
 * A line may end in `|reason`, which is right for it too.
 */
export function readReplies(name: string): readonly SaidReply[] {
  let reasons: readonly string[] = [];
  const replies: SaidReply[] = [];
  for (const line of readFileSync(new URL(name, import.meta.url), 'utf8').split('\n')) {
    if (line.startsWith('= ')) reasons = line.slice(2).split('|');
    else if (line !== '' && !line.startsWith('## ')) {
      const [reply = '', ...also] = line.split('|');
      replies.push({ reply, reasons: [...reasons, ...also] });
    }
  }
  return replies;
}
