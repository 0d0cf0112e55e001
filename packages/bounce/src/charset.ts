type Decoder = InstanceType<typeof TextDecoder>;

/** Decoders by charset; those that cannot say "no" are tried last. */
const decoders = new Map<string, Decoder | undefined>();

/** Charsets as broken mailers spell them. */
const ALIASES: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  'utf-8mb4': 'utf-8',
  'unicode-1-1-utf-8': 'utf-8',
  cp932: 'shift_jis',
  'cp-850': 'windows-1252',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
  'eucjp-ms': 'euc-jp',
  ks_c_5601: 'euc-kr',
  cp949: 'euc-kr',
};

function decoderFor(charset: string, fatal: boolean): Decoder | undefined {
  const key = `${charset}${fatal ? '!' : ''}`;
  if (!decoders.has(key)) decoders.set(key, newDecoder(ALIASES[charset] ?? charset, fatal));
  return decoders.get(key);
}

function newDecoder(charset: string, fatal: boolean): Decoder | undefined {
  try {
    return new TextDecoder(charset, { fatal });
  } catch {
    // A name that nobody knows, or that the mail made up: the octets are then guessed at.
    return undefined;
  }
}

/** Charsets that are tried on octets that are not UTF-8, by what the mail claims: Japanese gateways mix theirs up. */
const JAPANESE = ['euc-jp', 'shift_jis'] as const;

/** Texts by octets: never throws, and always answers. */
export function decodeOctets(octets: Uint8Array, charset = ''): string {
  const name = charset.trim().toLowerCase();
  if (isSevenBit(octets)) {
    if (hasEscape(octets)) return decoderFor('iso-2022-jp', false)?.decode(octets) ?? latin1(octets);
    const ascii = latin1(octets);
    return name.endsWith('utf-7') ? decodeUtf7(ascii) : ascii;
  }
  const claimed = name === '' || name === 'us-ascii' || name === 'utf-7' ? 'utf-8' : name;
  const text = tried(octets, claimed) ?? tried(octets, 'utf-8');
  if (text !== undefined) return text;
  if (/jp|jis|^$/.test(name))
    for (const guess of JAPANESE) {
      const guessed = tried(octets, guess);
      if (guessed !== undefined) return guessed;
    }
  return decoderFor(claimed === 'utf-8' ? 'windows-1252' : claimed, false)?.decode(octets) ?? latin1(octets);
}

function tried(octets: Uint8Array, charset: string): string | undefined {
  try {
    return decoderFor(charset, true)?.decode(octets);
  } catch {
    // Not of this charset, whatever the mail says.
    return undefined;
  }
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
}

function isSevenBit(octets: Uint8Array): boolean {
  for (const octet of octets) if (octet > 127) return false;
  return true;
}

/** Does it switch to a Japanese set (`ESC $`, `ESC (`), whatever charset is claimed? */
function hasEscape(octets: Uint8Array): boolean {
  const at = octets.indexOf(0x1b);
  return at !== -1 && (octets[at + 1] === 0x24 || octets[at + 1] === 0x28);
}

/** RFC 2152, as far as words go. */
function decodeUtf7(text: string): string {
  return text.replaceAll(/\+([A-Za-z0-9/]{0,1000})-?/g, (_all, coded: string) => {
    const octets = Buffer.from(coded, 'base64');
    return coded === ''
      ? '+'
      : octets
          .subarray(0, octets.length & ~1)
          .swap16()
          .toString('utf16le');
  });
}
