import { addressesIn } from './addresses.ts';

/** What a report in free text says about one recipient. */
export type TextReport = {
  readonly recipient: string;
  /** The lines from the recipient's own up to the next recipient's, on one line. */
  readonly said: string;
};

/** Characters of a report in which recipients are looked for: free text is written for people. */
const MAX_REPORT = 64 << 10;

/** Characters kept of what is said about a recipient. */
const MAX_SAID = 4096;

const MAX_RECIPIENTS = 1000;

/** A line that is about the address it begins with: `<user@example.com>: …`, `user@example.com`, `To: user@…`. */
const LEADS = /^[\s<"'*•>#\u00b7-]*(?:(?:to|smtp|recipient|rcpt|addr(?:ess)?|an|para|pour)\s*[:;]\s*)?[<"'(]*$/i;

/** Words that make the address behind them the one that failed. */
const NAMES_RECIPIENT =
  /(?:rcpt to|recipient|user|mailbox|address|deliver(?:ed|y)?(?: \w+){0,3} to|addressee|message to|mail to|sent to|account|unknown|for|to)\W{0,4}$/i;

/** Lines that show the message, the session or the reporter rather than a failed recipient. */
const NOT_ABOUT =
  /^\s*(?:from|sender|subject|reply-to|message-id|mail from|return-path|cc|date|x-[\w-]+)\s*:|mail from:|postmaster@|contact|mailto:|https?:\/\/\S*@/i;

/**
 * Finds the recipients in a report's free text: lines that begin with an address; else the addresses named in
 * `hints` (X-Failed-Recipients); else those that the words before them call a recipient; else the only one. Never the sender's own.
 */
export function readTextReport(
  report: string,
  { own, hints }: { readonly own: readonly string[]; readonly hints: readonly string[] },
): readonly TextReport[] {
  const lines = report.slice(0, MAX_REPORT).split('\n');
  const sender = new Set(own);
  const isOther = (address: string) => !sender.has(address.toLowerCase());
  const leading = lines.map((line) => leadingAddress(line)).map((it) => (it !== undefined && isOther(it) ? it : ''));
  if (leading.some((address) => address !== '')) return cutBy(lines, leading);
  const named = hints.map((hint) => hint.toLowerCase());
  if (named.length > 0) {
    const hinted = lines.map((line) => addressesIn(line).find((it) => named.includes(it.toLowerCase())) ?? '');
    const found = cutBy(lines, hinted);
    const missing = hints.filter(
      (hint) => !found.some(({ recipient }) => recipient.toLowerCase() === hint.toLowerCase()),
    );
    return [...found, ...missing.map((recipient) => ({ recipient, said: '' }))];
  }
  const called = cutBy(
    lines,
    lines.map((line) => calledRecipient(line, isOther) ?? ''),
  );
  if (called.length > 0) return called;
  // One single address that is not the sender's can only be the recipient's.
  const others = cutBy(
    lines,
    lines.map((line) => (NOT_ABOUT.test(line.slice(0, 200)) ? '' : (addressesIn(line).find(isOther) ?? ''))),
  );
  return others.length === 1 ? others : [];
}

function leadingAddress(line: string): string | undefined {
  if (!line.includes('@') || NOT_ABOUT.test(line.slice(0, 200))) return undefined;
  const [address] = addressesIn(line);
  if (address === undefined) return undefined;
  const before = line.slice(0, line.indexOf(address));
  return LEADS.test(before.slice(0, 40)) ? address : undefined;
}

function calledRecipient(line: string, isOther: (address: string) => boolean): string | undefined {
  if (!line.includes('@') || NOT_ABOUT.test(line.slice(0, 200))) return undefined;
  return addressesIn(line).find((address) => {
    const before = line.slice(Math.max(0, line.indexOf(address) - 60), line.indexOf(address));
    return isOther(address) && NAMES_RECIPIENT.test(before);
  });
}

/** Cuts the lines before every line that has an address; what belongs to one address is joined. */
function cutBy(lines: readonly string[], addresses: readonly string[]): readonly TextReport[] {
  const said = new Map<string, { recipient: string; text: string }>();
  let current: { recipient: string; text: string } | undefined;
  for (const [number, line] of lines.entries()) {
    const address = addresses[number] ?? '';
    if (address !== '') {
      const key = address.toLowerCase();
      current = said.get(key);
      if (current === undefined && said.size < MAX_RECIPIENTS) {
        current = { recipient: address, text: '' };
        said.set(key, current);
      }
    }
    if (current !== undefined && current.text.length < MAX_SAID) current.text += ` ${line.trim()}`;
  }
  return [...said.values()].map(({ recipient, text }) => ({ recipient, said: text.trim().slice(0, MAX_SAID) }));
}
