import { Type, type Static } from 'typebox';

import type { Answer, Question } from 'dns-packet';

/**
 * What a resolver gets instead of the records of a name.
 *
 * `no-answer` lets the question time out; `times` limits the fault to the first so many questions that it meets, after
 * which the name heals (absent: it stays). `types` narrows it to questions of those record types (absent: all).
 */
export const DnsFault = Type.Object(
  {
    answer: Type.Union([
      Type.Literal('NXDOMAIN'),
      Type.Literal('SERVFAIL'),
      Type.Literal('REFUSED'),
      Type.Literal('no-answer'),
    ]),
    types: Type.Optional(Type.Array(Type.String())),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);
export type DnsFault = Static<typeof DnsFault>;

/** Everything known about one name. A null MX (RFC 7505) is one MX record with exchange `.` and preference 0. */
export const NameRecords = Type.Object(
  {
    ttlSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
    mx: Type.Optional(
      Type.Array(
        Type.Object({
          preference: Type.Integer({ minimum: 0, maximum: 65535 }),
          exchange: Type.String(),
        }),
      ),
    ),
    a: Type.Optional(Type.Array(Type.String())),
    aaaa: Type.Optional(Type.Array(Type.String())),
    cname: Type.Optional(Type.String()),
    txt: Type.Optional(Type.Array(Type.String())),
    ptr: Type.Optional(Type.Array(Type.String())),
    /** Each answer about this name is held back so long. */
    delayMs: Type.Optional(Type.Integer({ minimum: 0 })),
    fault: Type.Optional(DnsFault),
  },
  { additionalProperties: false },
);
export type NameRecords = Static<typeof NameRecords>;

/** Names in lower case without a trailing dot → their records. A name that is absent does not exist (NXDOMAIN). */
export const Zone = Type.Record(Type.String(), NameRecords);
export type Zone = Static<typeof Zone>;

/** Finds what is known about a name in canonical form. */
export type ZoneLookup = (name: string) => NameRecords | undefined;

export type DnsReply =
  | { readonly kind: 'answer'; readonly answers: readonly Answer[]; readonly delayMs: number }
  | { readonly kind: 'fault'; readonly fault: DnsFault['answer']; readonly delayMs: number };

const DEFAULT_TTL_SECONDS = 60;
/** A chain of aliases longer than this, a loop for instance, is answered SERVFAIL, as recursive resolvers do. */
const LONGEST_CNAME_CHAIN = 16;

/** How a name is looked up: case and the trailing dot do not count (RFC 4343). */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/**
 * Answers one question from the zone, following CNAMEs as a recursive resolver would. Pure.
 *
 * @param asked how many questions the fault of this name has met so far.
 */
export function answerQuestion(lookup: ZoneLookup, question: Question, asked: number): DnsReply {
  const records = lookup(canonicalName(question.name));
  if (records === undefined) return { kind: 'fault', fault: 'NXDOMAIN', delayMs: 0 };
  const delayMs = records.delayMs ?? 0;
  const { fault } = records;
  if (fault !== undefined && faultApplies(fault, question.type, asked)) {
    return { kind: 'fault', fault: fault.answer, delayMs };
  }
  return followAliases(lookup, question, delayMs);
}

function faultApplies(fault: DnsFault, type: string, asked: number): boolean {
  return (fault.types?.includes(type) ?? true) && (fault.times === undefined || asked < fault.times);
}

function followAliases(lookup: ZoneLookup, question: Question, delayMs: number): DnsReply {
  const answers: Answer[] = [];
  let name = canonicalName(question.name);
  for (let hop = 0; hop < LONGEST_CNAME_CHAIN; hop += 1) {
    const records = lookup(name);
    if (records === undefined) {
      return answers.length === 0
        ? { kind: 'fault', fault: 'NXDOMAIN', delayMs }
        : { kind: 'answer', answers, delayMs };
    }
    // The question's own spelling is echoed: resolvers that mix case compare it.
    answers.push(...answersOf(hop === 0 ? question.name : name, records, question.type));
    if (records.cname === undefined || question.type === 'CNAME') return { kind: 'answer', answers, delayMs };
    name = canonicalName(records.cname);
  }
  return { kind: 'fault', fault: 'SERVFAIL', delayMs };
}

function answersOf(name: string, records: NameRecords, type: string): Answer[] {
  const ttl = records.ttlSeconds ?? DEFAULT_TTL_SECONDS;
  if (records.cname !== undefined) return [{ type: 'CNAME', name, ttl, data: records.cname }];
  switch (type) {
    case 'MX':
      return (records.mx ?? []).map(({ preference, exchange }) => ({
        type: 'MX',
        name,
        ttl,
        data: { preference, exchange },
      }));
    case 'A':
      return (records.a ?? []).map((data) => ({ type: 'A', name, ttl, data }));
    case 'AAAA':
      return (records.aaaa ?? []).map((data) => ({ type: 'AAAA', name, ttl, data }));
    case 'TXT':
      return (records.txt ?? []).map((data) => ({
        type: 'TXT',
        name,
        ttl,
        data: inCharacterStrings(data),
      }));
    case 'PTR':
      return (records.ptr ?? []).map((data) => ({ type: 'PTR', name, ttl, data }));
    default:
      // Any other record type: the name exists and has none (NODATA).
      return [];
  }
}

/** Cuts a text into the 255-octet strings that a TXT record is made of (RFC 1035 §3.3.14). */
function inCharacterStrings(text: string): string[] {
  return text.match(/[\s\S]{1,255}/g) ?? [''];
}

/** The name under which the PTR record of an IPv4 address stands. */
export function reverseName(address: string): string {
  return `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
}
