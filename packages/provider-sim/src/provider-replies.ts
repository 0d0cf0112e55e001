import { ASIA_REPLIES } from './replies-asia.ts';
import { EUROPE_REPLIES } from './replies-europe.ts';
import { SOFTWARE_REPLIES } from './replies-software.ts';
import { WORLD_REPLIES } from './replies-world.ts';

/** Why a provider says no, as the one who scripts it thinks of it. */
export const REFUSAL_REASONS = [
  'unknown-user',
  'mailbox-full',
  'inactive',
  'blocked',
  'throttled',
  'greylisted',
  'too-many-connections',
  'spam-content',
  'temporary-failure',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/**
 * One reply as a provider words it: the lines without their code.
 * `{address}`, `{local}`, `{domain}`, `{source}` (IP of the client), `{host}` (the MX host) and `{id}` are filled in.
 */
export type ReplyText = { readonly code: number; readonly lines: readonly [string, ...string[]] };

/** The replies of one provider, by reason; a reason that it lacks is worded as Postfix does. */
export type ReplyTexts = {
  readonly [reason in RefusalReason]?: readonly [ReplyText, ...ReplyText[]];
};

export const PROVIDER_REPLIES = {
  ...WORLD_REPLIES,
  ...EUROPE_REPLIES,
  ...ASIA_REPLIES,
  ...SOFTWARE_REPLIES,
} as const satisfies Readonly<Record<string, ReplyTexts>>;

/** A provider, or a mail server, whose wording is known. */
export type ReplyFamily = keyof typeof PROVIDER_REPLIES;

/** Every wording that a family has for a reason. */
export function repliesFor(family: ReplyFamily, reason: RefusalReason): readonly [ReplyText, ...ReplyText[]] {
  const texts: ReplyTexts = PROVIDER_REPLIES[family];
  return texts[reason] ?? SOFTWARE_REPLIES.postfix[reason];
}

/** What is filled into the braces of a text. */
export type ReplySlots = {
  readonly address: string;
  readonly source: string;
  readonly host: string;
  readonly id: string;
};

/** The lines of a reply with every slot filled; a brace with another word in it stays as it is. */
export function fillReply(text: ReplyText, slots: ReplySlots): { code: number; lines: string[] } {
  const at = slots.address.lastIndexOf('@');
  const words: Readonly<Record<string, string>> = {
    ...slots,
    local: slots.address.slice(0, Math.max(at, 0)),
    domain: slots.address.slice(at + 1),
  };
  return {
    code: text.code,
    lines: text.lines.map((line) => line.replace(/\{([a-z]+)\}/g, (brace, word: string) => words[word] ?? brace)),
  };
}
