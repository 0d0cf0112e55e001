/** The commands whose refusal cannot be about a recipient. */
export type RefusedCommand = 'connect' | 'helo' | 'mail';

/** Characters of a text that are searched. */
const MAX_TEXT = 8192;

/** Words in front of a reply that is quoted. */
const QUOTES =
  /(?:said|replied|responded|response (?:was|from \S{1,100})|answered|returned(?: was)?|error(?: message)?|reason|reply|following|status|diagnostic|server|failure|\]|host \S{1,100})\s?(?::|with|as follows:|was:)?\s?[:([<"'#-]{0,3}\s?(?=[45]\d\d[ -])/i;

const BARE = /(?:^|[\s:"'([<#>;,])(?=[45]\d\d[ -]#?(?:[45]\.\d{1,3}\.\d{1,3}|[<"'([]?[A-Za-z\u00c0-\uffff]))/;

/**
 * The reply of a remote server that a report's text quotes, on one line: what a person's words around it say about the
 * failure is a guess, the reply is not. Empty where none is quoted.
 */
export function quotedReply(text: string): string {
  const seen = text.slice(0, MAX_TEXT);
  const shown = lastExchange(seen);
  if (shown !== undefined) return shown.reply;
  for (const pattern of [QUOTES, BARE]) {
    const match = pattern.exec(seen);
    if (match !== null) return untilCommand(seen.slice(match.index + match[0].length).trim());
  }
  return '';
}

/** How Postfix names the command behind a reply. */
const NAMED = /\(in reply to [^()]{1,60}\)/i;

/** What follows the command is the reporter's, a footer of its house perhaps. */
function untilCommand(reply: string): string {
  const named = NAMED.exec(reply);
  return named === null ? reply : reply.slice(0, named.index + named[0].length);
}

/** What mail systems and the scanners behind them say to everybody, whatever happened. */
const COURTESIES =
  /tried to deliver your message, but it was rejected by .{0,300}?(?:returned was|this error)|(?:please )?try (?:re)?sending (?:this|the|your) message (?:again )?later|check the address and try again|please (?:include|send) this problem report|(?:ha(?:s|ve) been (?:\S{1,20} )?)?(?:scanned|checked|swept|screened)(?: and (?:scanned|checked|swept|screened))? (?:by \S{1,40} )?for (?:\S{1,20} ){0,4}viruses(?: and (?:potentially )?(?:offensive|dangerous|inappropriate|unwanted|malicious|other) [a-z]{1,20})?(?: by \S{1,40})?/gi;

/** What lawyers and scanners have put below every mail of a house. */
const FOOTERS =
  /if you (?:are not the (?:intended|named) |(?:have )?received? this (?:\S{1,20} ){0,4}in error)[^.]{0,300}\.?|(?:this|the information (?:contained )?in this) (?:e-?mail|message|communication|transmission)[^.]{0,120} (?:confidential|privileged|intended (?:solely|only|exclusively|for the))[^.]{0,300}\.?|(?:(?:any|other|unauthori[sz]ed),? ){0,3}(?:use|review|disclosure|dissemination|copying|distribution)[^.]{0,100} of this (?:e-?mail|message|communication|transmission|information)[^.]{0,150}(?:prohibited|forbidden|unlawful|unauthori[sz]ed)\.?|diese (?:e-?mail|nachricht)[^.]{0,120} vertraulich[^.]{0,300}\.?|ce (?:message|courriel|mail)[^.]{0,120} confidentiel[^.]{0,300}\.?|(?:e-?mail|mail|message)[^.]{0,60} virus[- ]free|no (?:known )?virus(?:es)? (?:(?:was|were|has been|have been) )?(?:found|detected)(?: in this \S{1,20}(?: \S{1,20})?)?/gi;

/** Sendmail's own conclusion below a transcript, whatever the server or the local program had said. */
const CONCLUSION =
  /(?:55\d (?:5\.0\.0 )?(?:\S{1,320}\.\.\. ?)?|reason: )(?:service unavailable|can't create output|unknown mailer error \d+)/gi;

/** A report's text without the sentences that say nothing of this failure. */
export function withoutCourtesies(text: string): string {
  const bare = text.replaceAll(COURTESIES, ' ').replaceAll(FOOTERS, ' ');
  return /transcript of (?:the )?session/i.test(bare) ? bare.replaceAll(CONCLUSION, ' ') : bare;
}

/** Does a text show the commands and replies of a session? */
export function isTranscript(text: string): boolean {
  return lastExchange(text.slice(0, MAX_TEXT)) !== undefined;
}

type Exchange = { readonly command: string; readonly reply: string };

/**
 * The exchange in which a session failed, as Sendmail and its kind show it: `>>> RCPT TO:<user@example.com>`, then
 * `<<< 550 text`.
 */
function lastExchange(text: string): Exchange | undefined {
  const at = text.search(/(?:<<<|>>>) ?[45]\d\d[ ,-]/);
  if (at === -1) return undefined;
  const behind = text.slice(at + 3).trimStart();
  // What stands behind without arrows is the reporter's own conclusion.
  const end = behind.search(/ <<< ?[^45]| >>> |(?<!<<<) [45]\d\d (?:[45]\.\d{1,3}\.\d{1,3} |<[^<>]{1,320}>\.\.\.)/);
  // Some point the arrows the other way round.
  const command = [...text.slice(0, at).matchAll(/(?:>>>|<<<) ?([a-z]{4}(?: (?:to|from))?)/gi)].at(-1)?.[1] ?? '';
  return { command: command.toLowerCase(), reply: end === -1 ? behind : behind.slice(0, end) };
}

/** What servers write of the command that was refused: Exim, Postfix, qmail, Yahoo, the mailers of 1&1 and CommuniGate. */
const COMMAND =
  /(?:after|in reply to|in response to|response to|reply to|following|error for|on|at) (?:the |a |an )?(?:pipelined )?(?:(initial connection|connect(?:ion)?\b|end of banner|greeting)|(ehlo|helo)\b|(mail from|mail\b(?= (?:command|from)))|(?:rcpt|data|end of data|text)\b)|\[(?:(connect)|(helo|ehlo)|(mail_from))\]|(greeting failed)|(my name was rejected)|(sender was rejected)|(refused to talk to me)/i;

/**
 * Finds in a report's text the command that was refused; `undefined` where it was RCPT or a later one, or none is named.
 */
export function refusedCommandIn(text: string): RefusedCommand | undefined {
  const seen = text.slice(0, MAX_TEXT);
  const shown = lastExchange(seen)?.command ?? '';
  if (shown !== '') return shown === 'mail from' ? 'mail' : shown === 'ehlo' || shown === 'helo' ? 'helo' : undefined;
  const match = COMMAND.exec(NAMED.exec(seen)?.[0] ?? seen);
  if (match === null) return undefined;
  const [, connect, helo, mail, connected, hello, mailed, greeting, name, sender, talk] = match;
  if (connect !== undefined || connected !== undefined || greeting !== undefined || talk !== undefined)
    return 'connect';
  if (helo !== undefined || hello !== undefined || name !== undefined) return 'helo';
  return mail !== undefined || mailed !== undefined || sender !== undefined ? 'mail' : undefined;
}
