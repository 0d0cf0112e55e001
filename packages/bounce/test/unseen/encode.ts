/** Writes a text in a charset and a transfer encoding: the inverse of what a mail reader does, for tests alone. */
export function encoded(text: string, charset: string, encoding: string): Buffer {
  const octets = inCharset(text, charset);
  switch (encoding) {
    case 'base64':
      return Buffer.from(octets.toString('base64').replaceAll(/.{76}/g, '$&\r\n'));
    case 'quoted-printable':
      return Buffer.from(quotedPrintable(octets));
    default:
      return octets;
  }
}

/** A text as an encoded word of a header (RFC 2047). */
export function encodedWord(text: string, charset: string): string {
  return `=?${charset}?B?${inCharset(text, charset).toString('base64')}?=`;
}

function inCharset(text: string, charset: string): Buffer {
  if (charset === 'utf-8') return Buffer.from(text);
  if (charset === 'iso-2022-jp') return inJapaneseShifts(text);
  const map = mapOf(charset);
  return Buffer.concat(Array.from(text, (letter) => octetsFor(letter, map)));
}

function octetsFor(letter: string, map: ReadonlyMap<string, Buffer>): Buffer {
  const octets = letter < '\u0080' ? Buffer.from(letter) : map.get(letter);
  if (octets === undefined) throw new Error(`the charset has no ${letter}`);
  return octets;
}

/** ISO-2022-JP (RFC 1468): the characters of EUC-JP without their highest bit, between shifts. */
function inJapaneseShifts(text: string): Buffer {
  const map = mapOf('euc-jp');
  return Buffer.concat(
    text.split(/([\u0080-\uffff]+)/).map((part) => {
      if (part < '\u0080') return Buffer.from(part);
      const letters = Array.from(part, (letter) => octetsFor(letter, map).map((octet) => octet & 0x7f));
      return Buffer.concat([Buffer.from('\u001b$B'), ...letters, Buffer.from('\u001b(B')]);
    }),
  );
}

const maps = new Map<string, ReadonlyMap<string, Buffer>>();

/** Every character of one or two octets that the platform's decoder knows. */
function mapOf(charset: string): ReadonlyMap<string, Buffer> {
  const known = maps.get(charset);
  if (known !== undefined) return known;
  const decoder = new TextDecoder(charset);
  const map = new Map<string, Buffer>();
  const add = (octets: Buffer) => {
    const letter = decoder.decode(octets);
    if (letter !== '' && Array.from(letter).length === 1 && letter !== '\ufffd' && !map.has(letter))
      map.set(letter, octets);
  };
  for (let first = 128; first < 256; first += 1) {
    add(Buffer.from([first]));
    for (let second = 64; second < 256; second += 1) add(Buffer.from([first, second]));
  }
  maps.set(charset, map);
  return map;
}

function quotedPrintable(octets: Buffer): string {
  const lines = octets.toString('latin1').split('\r\n');
  const escape = (letter: string) => `=${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  return lines
    .map((line) => line.replaceAll(/[^ -<>-~]/g, escape).replaceAll(/(?:=..|[^=]){72}/g, '$&=\r\n'))
    .join('\r\n');
}
