import {
  classifyReply,
  compileRulesInSlices,
  DEFAULT_RULES,
  faultsInSlices,
  normaliseText,
  withoutRecipient,
  type ClassifiedReply,
  type CompiledRules,
} from '@mxflow/bounce';
import {
  countReadingBacklog,
  countRuleHits,
  countUnmatched,
  loadBundledPolicies,
  readBounceRules,
  readReadingVersion,
  seedBounceRules,
  type Database,
  type UnmatchedCount,
} from '@mxflow/db';
import type { BounceRule } from '@mxflow/domain';
import type { ProcessContext } from '@mxflow/process';

/** Where failures are classified by the rules in force, which follow Postgres within seconds. */
export type RuleDesk = AsyncDisposable & {
  /** The rules in force now. */
  rules(): CompiledRules;
  classify(text: string, mxHost: string | undefined): ClassifiedReply;
  /** Counts what was decided: a rule's hit, or a text to qualify. Written in batches. */
  note(decision: DecidedText): void;
};

/** A text, where it stood, and what was decided by it. */
export type DecidedText = {
  readonly decision: Pick<ClassifiedReply, 'because' | 'replyCode' | 'enhancedStatus'>;
  readonly text: string;
  readonly looksAt: UnmatchedCount['looksAt'];
  readonly mxHost?: string | undefined;
  /** The address that it is about: its name is none of what the text says. */
  readonly recipient?: string | undefined;
};

export type RuleDeskEvents = {
  rulesRead(version: number, rules: number): void;
  rulesLeftOut(faults: readonly { readonly id: string; readonly fault: string }[]): void;
  /** What rules have decided since the last time. */
  decided(hits: ReadonlyMap<string, number>, unmatched: number): void;
  readingBacklog(backlog: { readonly toQualify: number; readonly neverHit: number }): void;
};

/** How often Postgres is asked whether the rules have changed, and told what they decided. */
const ASK_EVERY_MS = 1500;
const WRITE_EVERY_MS = 2000;
const LOOK_EVERY_MS = 30_000;
/** Texts kept in memory until they are written: more at once say nothing more. */
const MAX_GATHERED = 1000;

/** Loads what came with this version, reads the rules, however long Postgres lets it wait, and follows them. */
export async function openRuleDesk(
  database: Database,
  events: RuleDeskEvents,
  { every, signal }: Pick<ProcessContext, 'every' | 'signal'>,
): Promise<RuleDesk> {
  await using loops = new AsyncDisposableStack();
  const gathered = gatherDecisions(database, events);
  const shelf = loops.use(followRules(database, events, every));
  let book = await firstBook(shelf, signal);
  loops.use(every(WRITE_EVERY_MS, () => gathered.write(), { name: 'decisions' }));
  loops.use(
    every(LOOK_EVERY_MS, async () => events.readingBacklog(await countReadingBacklog(database)), {
      name: 'reading-backlog',
    }),
  );
  const current = (): CompiledRules => {
    book = shelf.book() ?? book;
    return book.compiled;
  };
  const held = loops.move();
  return {
    rules: current,
    classify: (text, mxHost) => classifyReply(text, { mxHost }, current()),
    note: (decided) => gathered.note(decided),
    [Symbol.asyncDispose]: async () => {
      await held.disposeAsync();
      // Statistics: where Postgres is away they are lost, and nothing waits for them.
      await gathered.write().catch(() => {});
    },
  };
}

/** The rules as they were last read. */
type Shelf = AsyncDisposable & { book(): Book | undefined; readonly filled: Promise<void> };

function followRules(database: Database, events: RuleDeskEvents, every: ProcessContext['every']): Shelf {
  const filled = Promise.withResolvers<void>();
  let book: Book | undefined;
  const loop = every(
    ASK_EVERY_MS,
    async () => {
      if (book === undefined) {
        await seedBounceRules(database, DEFAULT_RULES);
        await loadBundledPolicies(database);
      } else if ((await readReadingVersion(database)) === book.version) return;
      book = await readBook(database, events, book);
      filled.resolve();
    },
    { name: 'bounce-rules' },
  );
  return { book: () => book, filled: filled.promise, [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose]() };
}

async function firstBook(shelf: Shelf, signal: AbortSignal): Promise<Book> {
  const stopped = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => stopped.resolve(), { once: true });
  await Promise.race([shelf.filled, stopped.promise]);
  const book = shelf.book();
  if (book === undefined) throw new Error('told to stop before the bounce rules could be read');
  return book;
}

type Book = { readonly version: number; readonly rules: string; readonly compiled: CompiledRules };

async function readBook(database: Database, events: RuleDeskEvents, known?: Book): Promise<Book> {
  const { version, rules: stored } = await readBounceRules(database);
  // The version counts other changes too, and compiling takes its time.
  const rules = JSON.stringify(stored);
  if (known?.rules === rules) return { ...known, version };
  const compiled = await compileUsable(stored, events);
  events.rulesRead(version, compiled.rules.length);
  return { version, rules, compiled };
}

const BUNDLED: ReadonlyMap<string, string> = new Map(DEFAULT_RULES.map(({ id, pattern }) => [id, pattern]));

/**
 * A rule that cannot be run is left out: it was refused when saved, unless somebody wrote it past the API. Those that
 * came with this version are not checked again. Replies go on being read meanwhile.
 */
async function compileUsable(rules: readonly BounceRule[], events: RuleDeskEvents): Promise<CompiledRules> {
  const faults = await faultsInSlices(rules.filter(({ id, pattern }) => BUNDLED.get(id) !== pattern));
  events.rulesLeftOut(faults);
  const faulty = new Set(faults.map(({ id }) => id));
  return await compileRulesInSlices(rules.filter(({ id }) => !faulty.has(id)));
}

/** Decisions since the last write. They are statistics: what a crash loses is not counted again. */
function gatherDecisions(
  database: Database,
  events: RuleDeskEvents,
): { note(decided: DecidedText): void; write(): Promise<void> } {
  let hits = new Map<string, number>();
  let texts = new Map<string, UnmatchedCount>();
  let unmatched = 0;
  return {
    note: ({ decision: { because, replyCode, enhancedStatus }, text: example, looksAt, mxHost, recipient }) => {
      if (because.kind === 'rule') {
        hits.set(because.rule, (hits.get(because.rule) ?? 0) + 1);
        return;
      }
      unmatched += 1;
      const text = normaliseText(withoutRecipient(example, recipient));
      const known = texts.get(text);
      if (known === undefined && texts.size >= MAX_GATHERED) return;
      const first = { text, example, looksAt, replyCode, enhancedStatus, mxHost };
      texts.set(text, { ...(known ?? first), hits: (known?.hits ?? 0) + 1 });
    },
    write: async () => {
      const [ruleHits, unmatchedTexts, failures] = [hits, texts, unmatched];
      [hits, texts, unmatched] = [new Map(), new Map(), 0];
      events.decided(ruleHits, failures);
      await countRuleHits(database, ruleHits);
      await countUnmatched(database, [...unmatchedTexts.values()]);
    },
  };
}
