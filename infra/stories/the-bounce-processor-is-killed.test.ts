import { expect, test } from 'vitest';

import { postBounces, writeBounce, type BounceKind, type BounceMail } from './bounce-mail.ts';
import { providers, recipientsAt } from './providers.ts';
import { until } from './until.ts';
import { startWorld, type World } from './world.ts';

const BOUNCES = 5000;
/** Without a kill: what each kind comes to is the same for all of it. */
const UNDISTURBED = 500;
/** Of ten messages: six unknown, and one each of the others. */
const KINDS: readonly BounceKind[] = [
  'unknown',
  'unknown',
  'full',
  'unknown',
  'delayed',
  'unknown',
  'complaint',
  'unknown',
  'away',
  'unknown',
];
const KILLED_AT = [400, 1800, 3600];
/** Every so many mails, one comes twice. */
const TWICE_EVERY = 25;

type Effect = { readonly address: string } & Readonly<Record<string, unknown>>;

test(
  'the bounce-processor is killed while 5,000 bounces come in: what was answered 250 has its effects exactly once',
  { timeout: 420_000 },
  async () => {
    const specs = providers(4);
    const returnPaths = new Map<string, string>();
    await using world = await startWorld({
      providers: specs,
      workers: 1,
      settings: { MXFLOW_BOUNCE_PEER_RATE: '1000000' },
      onMessage: ({ envelope: { reversePath, forwardPaths } }) => {
        for (const address of forwardPaths) returnPaths.set(address, reversePath);
      },
    });
    // So many dead addresses at once are an outage, as the guard sees it: another story.
    await world.query('UPDATE quarantine_settings SET guard_addresses = 1000000');
    const quiet = recipientsAt(specs, UNDISTURBED, 'quiet');
    const killed = recipientsAt(specs, BOUNCES, 'killed');
    const campaign = await world.post([...quiet, ...killed]);
    await campaign.untilFinished({ limitMs: 120_000 });
    const mailsTo = (addresses: readonly string[]): readonly BounceMail[] =>
      addresses.flatMap((address, at) => {
        const mail = { to: returnPaths.get(address) ?? '', content: writeBounce(kindAt(at), address) };
        return at % TWICE_EVERY === 0 ? [mail, mail] : [mail];
      });

    const startedMs = performance.now();
    await postBounces(world.stack.bounceSmtp, mailsTo(quiet), { connections: 16 });
    await untilProcessed(world);
    tell(`without a kill in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    const expected = await effectsOn(world, quiet);

    const kills = [...KILLED_AT];
    let lives = 0;
    await postBounces(world.stack.bounceSmtp, mailsTo(killed), {
      connections: 16,
      onStored: (stored) => {
        if (stored < (kills[0] ?? Infinity)) return;
        kills.shift();
        lives += 1;
        world.stack.bounceProcessor.signal('SIGKILL');
      },
    });
    await untilProcessed(world);
    tell(`with ${lives} kills, all in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    expect(lives).toBe(KILLED_AT.length);
    const found = await effectsOn(world, killed);
    expect(found).toHaveLength(BOUNCES);
    const undisturbed = expected.map(withoutAddress);
    expect(found.map(withoutAddress)).toEqual(found.map((_effect, at) => undisturbed[at % UNDISTURBED]));
    expect(found[0]).toMatchObject({ statuses: ['sent', 'failed'], standing: 'quarantined', changes: 1 });
    expect(found[2]).toMatchObject({ statuses: ['sent', 'failed'], standing: 'with-errors', errors: 1 });
    expect(found[4]).toMatchObject({ statuses: ['sent'], standing: null });
    expect(found[6]).toMatchObject({ statuses: ['sent', 'failed'], standing: 'denylisted' });
    const { counts } = await campaign.view();
    expect(counts).toMatchObject({
      sent: (BOUNCES + UNDISTURBED) * 0.2,
      failed: (BOUNCES + UNDISTURBED) * 0.8,
    });
  },
);

function kindAt(at: number): BounceKind {
  return KINDS[at % KINDS.length] ?? 'unknown';
}

async function untilProcessed(world: World): Promise<void> {
  await until(
    'all stored mail processed',
    async () =>
      (
        await world.query<{ mails: number }>(
          'SELECT count(*)::int AS mails FROM inbound_mails WHERE processed_at IS NULL',
        )
      )[0]?.mails,
    { is: (mails) => mails === 0, withinMs: 120_000 },
  );
}

/** What the bounces did to these addresses and to the messages to them, in the order of the addresses. */
async function effectsOn(world: World, addresses: readonly string[]): Promise<readonly Effect[]> {
  return await world.query<Effect>(
    `SELECT a.address, l.statuses, l.reasons, l.replies, q.status::text AS standing, q.error_count AS errors,
       q.reason, q.rule, coalesce(h.changes, 0) AS changes, coalesce(b.kinds, '{}') AS kinds
     FROM unnest($1::text[]) WITH ORDINALITY AS a(address, place)
     JOIN (
       SELECT address, min(message_id) AS message_id, array_agg(status::text ORDER BY id) AS statuses,
         array_agg(failure_reason ORDER BY id) AS reasons,
         array_agg(reply ORDER BY id) FILTER (WHERE status = 'failed') AS replies
       FROM delivery_log GROUP BY address
     ) l ON l.address = a.address
     LEFT JOIN quarantine q ON q.address = a.address
     LEFT JOIN LATERAL (
       SELECT count(*)::int AS changes FROM quarantine_history c WHERE c.address = a.address
     ) h ON true
     LEFT JOIN LATERAL (
       SELECT array_agg(kind ORDER BY kind) AS kinds FROM bounced_messages m WHERE m.message_id = l.message_id
     ) b ON true
     ORDER BY a.place`,
    [addresses],
  );
}

function withoutAddress({ address: _address, ...effect }: Effect): object {
  return effect;
}

function tell(line: string): void {
  process.stdout.write(`  ${line}\n`);
}
