import { ask, type ApiAccess } from './api-client.ts';
import { readJsonInput } from './read-input.ts';

/** What would be changed, as the command line names it. */
export type RuleChange = {
  readonly put?: string;
  readonly before?: string;
  readonly delete?: string;
  readonly enable?: string;
  readonly disable?: string;
};

/** The change as the API takes it: with the rule itself for its file. */
export async function readChange<Change extends RuleChange>({ put, ...change }: Change): Promise<object> {
  return put === undefined ? change : { ...change, put: await readJsonInput(put) };
}

/** A change, and how much of the log it is tried on. */
export type TrialOptions = RuleChange & { readonly days?: number };

/** One part of an answer that comes in parts. */
export type TrialPart = {
  readonly looked: number;
  readonly rules: readonly RuleHits[];
  readonly next?: string;
};

type RuleHits = { readonly rule: string; readonly now: number; readonly tried: number };

/** Asks for part after part, each further back in the log, and tells on standard error how far it is. */
export async function tryRules<Part extends TrialPart>(
  access: ApiAccess,
  path: string,
  { days, ...change }: TrialOptions,
): Promise<{ readonly looked: number; readonly rules: readonly RuleHits[]; readonly parts: readonly Part[] }> {
  const asked = { ...(await readChange(change)), days };
  const parts: Part[] = [];
  const hits = new Map<string, RuleHits>();
  let looked = 0;
  let cursor: string | undefined;
  do {
    const body = JSON.stringify({ ...asked, ...(cursor === undefined ? {} : { cursor }) });
    const part: Part = await ask<Part>(access, { method: 'POST', path, body });
    parts.push(part);
    looked += part.looked;
    for (const { rule, now, tried } of part.rules) {
      const known = hits.get(rule);
      hits.set(rule, { rule, now: now + (known?.now ?? 0), tried: tried + (known?.tried ?? 0) });
    }
    cursor = part.next;
    if (cursor !== undefined) process.stderr.write(`${looked} looked at\n`);
  } while (cursor !== undefined);
  return { looked, rules: [...hits.values()], parts };
}
