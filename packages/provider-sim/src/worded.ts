import { reply, type Reply } from './answer.ts';
import type { Behaviour, Wording } from './behaviour.ts';
import { fillReply, repliesFor, type RefusalReason, type ReplySlots, type ReplyText } from './provider-replies.ts';
import { drawOf, pickBy } from './seeded-draw.ts';

/** Who speaks, and to whom. */
export type Speaker = {
  readonly behaviour: Behaviour;
  readonly seed: number;
  readonly source: string;
  readonly host: string;
};

export type ReplyClass = 'permanent' | 'transient' | 'any';

/**
 * Words a refusal. Of the family's texts for a reason only those of the class asked for are chosen from, by a draw keyed
 * by the address; a family without one speaks as Postfix does. Literal words are said as they stand.
 */
export function worded(
  speaker: Speaker,
  refusal: { readonly wording: Wording; readonly address: string; readonly replyClass: ReplyClass },
): Reply {
  const { wording, address, replyClass } = refusal;
  const id = Math.floor(drawOf(speaker.seed, 'reply id', address) * 0x1_0000_0000).toString(36);
  const slots: ReplySlots = { address, source: speaker.source, host: speaker.host, id };
  const text =
    typeof wording === 'string'
      ? pickBy(drawOf(speaker.seed, 'wording', address), textsFor(speaker.behaviour, wording, replyClass))
      : asText(wording);
  const { code, lines } = fillReply(text, slots);
  return reply(code, lines);
}

function textsFor(
  behaviour: Behaviour,
  reason: RefusalReason,
  replyClass: ReplyClass,
): readonly [ReplyText, ...ReplyText[]] {
  for (const family of [behaviour.texts ?? 'postfix', 'postfix'] as const) {
    const [first, ...rest] = repliesFor(family, reason).filter(({ code }) => isOfClass(code, replyClass));
    if (first !== undefined) return [first, ...rest];
  }
  return repliesFor('postfix', replyClass === 'transient' ? 'temporary-failure' : 'blocked');
}

function isOfClass(code: number, replyClass: ReplyClass): boolean {
  return replyClass === 'any' || Math.floor(code / 100) === (replyClass === 'permanent' ? 5 : 4);
}

function asText(words: Exclude<Wording, string>): ReplyText {
  const [first = '', ...rest] = words.lines;
  return { code: words.code, lines: [first, ...rest] };
}
