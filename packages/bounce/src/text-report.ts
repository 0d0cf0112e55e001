import { addressesIn } from './addresses.ts';
import { withoutCourtesies } from './quoted-reply.ts';

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

/** A line that is about the address it begins with: `<user@example.com>: …`, `Addressed to: user@…`, `550 <user@…>... …`. */
const LEADS =
  /^[\s<"'*\u2022>#|\u00b7-]*(?:(?:[45]\d\d[ ,-]\s?(?:[45]\.\d{1,3}\.\d{1,3} )?)|(?:to|smtp|recipient(?: address| name)?|rcpt|addr(?:ess)?(?:ed to)?|(?:final|failed|intended|original|undelivered)[ -]recipient|mailbox|user|e-?mail(?: address)?|an|para|pour|dest(?:inat\w{2,6})?|empf\S{1,3}nger|\u5b9b\u5148|\u6536\u4ef6\u4eba)\s*[:;\uff1a]\s*(?:rfc822;\s?|smtp:)?|(?:[a-z]{1,4}=[^;=@]{0,64};\s?){1,8}(?:dda:)?(?:smtp|rfc-?822)=)?[<"'(\u300c]*$/iu;

/** A sentence behind which the failed recipients are listed. */
const LIST_BEGINS =
  /(?:following|these|listed|intended|below) (?:\S+ ){0,3}(?:recipient|address|user|destination|people|person|mailbox|group|distribution)|(?:recipient|address(?:ee)?|user)(?:s|es|\(s\)|\(es\))? (?:\S+ ){0,3}(?:failed|below|follow|listed|were|had|could)|following (?:address|recipient)|not (?:be )?(?:delivered|sent|reach(?:ed)?) (?:to|the following)|folgende\w* (?:\S+ )?(?:empf|adress|e-?mail|person|gruppe)|destinataires? suivant|adresses? suivant|personnes suivantes|destinatarios? siguiente|siguientes? (?:\S+ )?(?:destinatario|direcci|persona|grupo)|seguintes? (?:\S+ )?(?:destinat|endere|pessoa)|destinat\S+ seguinte|destinatari seguenti|seguenti (?:\S+ )?(?:destinatari|indirizz)|volgende (?:\S+ )?(?:geadresseerd|adres|ontvanger|person)|nast\u0119puj\u0105c\S+ (?:\S+ )?(?:odbiorc|adres|os)|\u0441\u043b\u0435\u0434\u0443\u044e\u0449\S+ (?:\S+ )?(?:\u043f\u043e\u043b\u0443\u0447|\u0430\u0434\u0440)|(?:\u6b21|\u4ee5\u4e0b)\u306e(?:\u3042\u3066|\u5b9b|\u53d7\u4fe1|\u30e1\u30fc\u30eb|\u30a2\u30c9|\u914d\u5e03)|\u4ee5\u4e0b(?:\u6536\u4ef6|\u90ae|\u90f5|\u7684)|\u4e0b\u5217\u6536\u4ef6|\ub2e4\uc74c (?:\ubc1b\ub294|\uc218\uc2e0)|permanent (?:fatal |delivery )?errors/i;

/** Words that name the list or recipient themselves, wherever in a sentence. */
const CERTAINLY =
  /(?:mailing list|message-id in|could not be delivered to|wasn.t delivered to|undeliver(?:able|ed) (?:mail )?to|problem delivering (?:your )?(?:message )?to)\W{1,3}$/i;

/** Words that make the address behind them the one that failed. */
const NAMES_RECIPIENT =
  /(?:rcpt to|recipient|user|mailbox|address(?:ed(?: to)?)?|deliver(?:ed|y)?(?: \w+){0,3} to|addressee|utente|usu[aá]rio|utilisateur|gebruiker|destinat\S{2,6}|empf\S{1,3}nger|ontvanger|odbiorc\S{1,3}|получател\S{1,3}|message to|mail to|sent to|account|unknown|for|to)\W{0,4}$/i;

/** A line of a server's reply. */
const QUOTED = /^\s*[45]\d\d[ -]/;

/** Lines that show the message, the session or the reporter rather than a failed recipient. */
const NOT_ABOUT =
  /^\s*(?:from|sender|subject|reply-to|message-id|mail from|return-path|cc|date|x-[\w-]+)\s*:|mail from:|postmaster@|(?<![\w.+@-])contact(?![\w.+-]*@)|mailto:|https?:\/\/\S*@/i;

/** An entry of a list whose addresses stand in front, in brackets: `<user@example.com>: text`. */
const ENTRY = /^<[^<>\s]{1,320}@[^<>\s]{1,255}>(?:: ?\S| \()/;

export type Known = {
  /** Addresses of the sender, lower case: they fail only where nobody else does. */
  readonly own: readonly string[];
  /** Recipients that a header names (X-Failed-Recipients). */
  readonly hints: readonly string[];
};

/**
 * Finds the recipients in a report's free text: those that a sentence plainly names; else lines that begin with an
 * address, behind the sentence that announces them where there is one; else `hints`; else addresses that the words
 * before them call a recipient; else the only one.
 */
export function readTextReport(report: string, { own, hints }: Known): readonly TextReport[] {
  if (!report.includes('@')) return hints.map((recipient) => ({ recipient, said: '' }));
  const lines = report.slice(0, MAX_REPORT).split('\n');
  const sender = new Set(own);
  const isOther = (address: string) => !sender.has(address.toLowerCase());
  if (REASON_FIRST.test(report.slice(0, 2000))) return byParagraph(report, isOther);
  const plainly = byLine(lines, (line) => precededBy(line, { words: CERTAINLY, fits: isOther }));
  if (plainly.length > 0) return plainly;
  const listed = leadingLines(lines, isOther);
  const named = hints.map((hint) => hint.toLowerCase());
  const agree = named.length === 0 || listed.some(({ recipient }) => named.includes(recipient.toLowerCase()));
  if (listed.length > 0 && (agree || lines.some((line) => beginsList(line)))) return listed;
  if (named.length > 0) {
    const found = byLine(lines, (line) => addressesIn(line).find((it) => named.includes(it.toLowerCase())));
    const known = new Set(found.map(({ recipient }) => recipient.toLowerCase()));
    return [
      ...found,
      ...hints.filter((hint) => !known.has(hint.toLowerCase())).map((recipient) => ({ recipient, said: '' })),
    ];
  }
  const called = (line: string) => precededBy(line, { words: NAMES_RECIPIENT, fits: isOther });
  // A reply that is quoted names the address once more, or the one that the message was passed on to.
  const outside = byLine(lines, (line) => (QUOTED.test(line) ? undefined : called(line)));
  const found = outside.length > 0 ? outside : byLine(lines, called);
  if (found.length > 0) return found;
  // One single address that is not the sender's can only be the recipient's.
  const others = byLine(lines, (line) => (isAbout(line) ? addressesIn(line).find(isOther) : undefined));
  return others.length === 1 ? others : [];
}

/** Lines that begin with an address; the sender's own counts where a list of recipients holds no other. */
function leadingLines(lines: readonly string[], isOther: (address: string) => boolean): readonly TextReport[] {
  const begins = lines.findIndex((line) => beginsList(line));
  const list = begins === -1 ? [] : lines.slice(begins);
  const choices: readonly (readonly [readonly string[], (address: string) => boolean])[] = [
    [list, isOther],
    [list, () => true],
    [lines, isOther],
  ];
  for (const [from, fits] of choices) {
    let inEntry = false;
    const found = byLine(from, (line) => {
      inEntry = ENTRY.test(line) || (inEntry && /^[ \t]+\S/.test(line));
      // What an entry goes on with may begin with an address, too: the text was broken there.
      if (inEntry && /^[ \t]/.test(line)) return undefined;
      const address = leadingAddress(line);
      return address !== undefined && fits(address) ? address : undefined;
    });
    if (found.length > 0) return found;
  }
  return [];
}

function beginsList(line: string): boolean {
  return LIST_BEGINS.test(line.slice(0, 300));
}

function isAbout(line: string): boolean {
  return ENTRY.test(line) || !NOT_ABOUT.test(line.slice(0, 200));
}

function leadingAddress(line: string): string | undefined {
  if (!line.includes('@') || !isAbout(line)) return undefined;
  const found = addressesIn(line);
  const [first] = found;
  if (first === undefined) return undefined;
  const before = line.slice(0, line.indexOf(first));
  if (!LEADS.test(before.slice(0, 60))) return undefined;
  // `Name of an address <user@example.com>`: the brackets hold the address meant.
  const bracketed = /^\s*<([^<>\s]+@[^<>\s]+)>/.exec(line.slice(before.length + first.length))?.[1];
  return found.find((address) => address === bracketed) ?? first;
}

type Preceded = { readonly words: RegExp; readonly fits: (address: string) => boolean };

function precededBy(line: string, { words, fits }: Preceded): string | undefined {
  if (!line.includes('@') || !isAbout(line)) return undefined;
  return addressesIn(line).find((address) => {
    const at = line.indexOf(address);
    return fits(address) && words.test(line.slice(Math.max(0, at - 60), at));
  });
}

/** A heading of Lotus Notes: in the paragraphs behind it the reason stands before the address. */
const REASON_FIRST = /-{3,10} {1,5}failure reasons {1,5}-{3,10}/i;

function byParagraph(report: string, fits: (address: string) => boolean): readonly TextReport[] {
  return report
    .slice(0, MAX_REPORT)
    .split(/\n[ \t]*\n/, MAX_RECIPIENTS)
    .flatMap((paragraph) => {
      const recipient = paragraph
        .split('\n')
        .flatMap((line) => addressesIn(line))
        .find(fits);
      const said = paragraph.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_SAID);
      return recipient === undefined ? [] : [{ recipient, said }];
    });
}

/** Cuts the lines before every line in which `addressOf` finds one; what belongs to one address is joined. */
function byLine(lines: readonly string[], addressOf: (line: string) => string | undefined): readonly TextReport[] {
  const said = new Map<string, { recipient: string; text: string }>();
  let current: { recipient: string; text: string } | undefined;
  for (const line of lines) {
    const address = addressOf(line);
    if (address !== undefined) {
      const key = address.toLowerCase();
      current = said.get(key);
      if (current === undefined && said.size < MAX_RECIPIENTS) {
        current = { recipient: address, text: '' };
        said.set(key, current);
      }
    }
    if (current !== undefined && current.text.length < MAX_SAID) current.text += ` ${line.trim()}`;
  }
  return [...said.values()].map(({ recipient, text }) => ({
    recipient,
    said: withoutCourtesies(text.trim().slice(0, MAX_SAID)),
  }));
}
