const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const MAC_OCTETS = 10;

/** Base32 of a number, most significant digit first, without padding. */
export function encodeNumber(value: bigint): string {
  // Thirty bits at a time are six digits: small numbers are an order quicker than big ones.
  let low = encodeSmall(Number(value & LOW_BITS));
  for (let rest = value >> 30n; rest > 0n; rest >>= 30n) {
    low = encodeSmall(Number(rest & LOW_BITS)) + low.padStart(Math.ceil(low.length / 6) * 6, 'a');
  }
  return low;
}

const LOW_BITS = (1n << 30n) - 1n;

function encodeSmall(value: number): string {
  let text = '';
  for (let rest = value; rest > 0 || text === ''; rest >>= 5) text = (ALPHABET[rest & 31] ?? '') + text;
  return text;
}

/** Reads what `encodeNumber` wrote; the text holds no other character. */
export function decodeNumber(text: string): bigint {
  let value = 0n;
  for (const character of text) value = (value << 5n) | BigInt(ALPHABET.indexOf(character));
  return value;
}

/** Base32 of the first ten octets: 16 characters. */
export function encodeOctets(octets: Uint8Array): string {
  let text = '';
  for (let at = 0; at < MAC_OCTETS; at += 5) text += encodeFive(octets, at);
  return text;
}

/** Five octets are eight digits: two numbers of twenty bits each, which is cheaper than one big one. */
function encodeFive(octets: Uint8Array, at: number): string {
  const [one = 0, two = 0, three = 0, four = 0, five = 0] = octets.subarray(at, at + 5);
  return (
    encodeTwenty((one << 12) | (two << 4) | (three >> 4)) + encodeTwenty(((three & 15) << 16) | (four << 8) | five)
  );
}

function encodeTwenty(bits: number): string {
  const digit = (shift: number) => ALPHABET[(bits >> shift) & 31] ?? '';
  return digit(15) + digit(10) + digit(5) + digit(0);
}
