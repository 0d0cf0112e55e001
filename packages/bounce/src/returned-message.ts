/** A report's own words, and what it returns of the message, as far as it does. */
export type CutReport = { readonly report: string; readonly returned: string };

/** Lines that servers put between their words and the returned message. */
const SEPARATOR =
  /^[\s>*=_|-]*(?:this is a copy of|original message|returned (?:message|mail)|the (?:body|headers?) of the (?:original|message)|header of (?:the )?(?:original|message)|message headers? follow|message header|headers? of (?:the )?original|original (?:message|mail) (?:follows|headers?)|below (?:this line )?is (?:a copy|the)|the original message (?:follows|was|is attached)|copy of (?:the|your) (?:original )?message|unsent message|undelivered message|text of (?:the )?(?:original )?message|start of (?:message|returned|original)|message (?:text|contents?) follows|begin (?:message|original)|forwarded message|en-t[êe]tes de message|encabezados? del mensaje|cabe[çc]alhos? da mensagem|kopfzeilen der|ursprüngliche nachricht|orig-?mail|this is the header of|included is a copy)/i;

/** A heading that has a line to itself, without a sign that sets it off: only what named somebody is over there. */
const ALONE = /^\s*(?:the )?(?:old|original|returned|undelivered) (?:message|e-?mail|mail):\s*$/i;

/** Two lines like these in a row are a header section. */
const HEADER_LINE =
  /^>?\s?(?:Received|Return-Path|Message-ID|Date|From|To|Subject|MIME-Version|Content-Type|Reply-To|Sender|DKIM-Signature|X-[A-Za-z0-9-]{1,40}|ARC-[A-Za-z-]{1,30}|Delivered-To|List-[A-Za-z-]{1,30}|Cc|Authentication-Results|User-Agent|Received-SPF|Domainkey-Signature|Importance|Thread-[A-Z][a-z]+|In-Reply-To|References): ?\S/i;

/** Fields that begin a returned header section, and never stand in a server's own words in a row. */
const STARTS_HEADERS =
  /^>?\s?(?:Received|Return-Path|DKIM-Signature|Delivered-To|Message-ID|MIME-Version|X-[\w-]{1,40}|Date|From):/i;

/** Cuts a report where the returned message begins: at a separator, or at a header section standing in the text. */
export function cutReturned(text: string): CutReport {
  const lines = text.split('\n');
  const at = lines.findIndex((_line, number) => number > 0 && beginsReturned(lines, number));
  return at === -1
    ? { report: text, returned: '' }
    : { report: lines.slice(0, at).join('\n'), returned: lines.slice(at).join('\n') };
}

function beginsReturned(lines: readonly string[], number: number): boolean {
  const line = lines[number]?.slice(0, 300) ?? '';
  if (SEPARATOR.test(line)) return isSeparator(line, lines.slice(number + 1, number + 8));
  if (ALONE.test(line)) return lines.slice(0, number).some((it) => it.includes('@'));
  if (!STARTS_HEADERS.test(line)) return false;
  return countHeaders(lines.slice(number, number + 9)) >= (/^>?\s?(?:Received|Return-Path|DKIM)/i.test(line) ? 2 : 3);
}

/** Sentences begin with the same words: a separator has dashes, or a header section behind it. */
function isSeparator(line: string, behind: readonly string[]): boolean {
  return /^\s*\|?[-=_*]{2,}/.test(line) || countHeaders(behind) >= 2;
}

function countHeaders(lines: readonly string[]): number {
  return lines.filter((line) => HEADER_LINE.test(line.slice(0, 300))).length;
}

/** Values of a header in a returned message's header section, unfolded. */
export function returnedHeader(returned: string, name: string): string | undefined {
  const lines = returned.slice(0, 64 << 10).split(/\r?\n/);
  const start = `${name.toLowerCase()}:`;
  for (const [number, line] of lines.entries()) {
    const bare = line.replace(/^[>\s]{0,4}/, '');
    if (!bare.slice(0, start.length).toLowerCase().startsWith(start)) continue;
    let value = bare.slice(start.length).trim();
    for (const next of lines.slice(number + 1, number + 4)) {
      if (!/^[ \t]+\S/.test(next)) break;
      value = `${value} ${next.trim()}`;
    }
    return value;
  }
  return undefined;
}
