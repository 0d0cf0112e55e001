import { listRampingSources, moveSourceLevel, type Database } from '@mxflow/db';
import { rampStep } from '@mxflow/domain';

/**
 * Moves sources along their ramp plans: down as soon as the log says so, up when their days are over. Several dispatchers
 * may do it at once: a move is made once, from the level that it was decided for.
 *
 * @returns the moves that were made.
 */
export async function rampSources(
  database: Database,
): Promise<readonly { readonly publicId: number; readonly level: string; readonly reason: string }[]> {
  const moves: { publicId: number; level: string; reason: string }[] = [];
  for (const { publicId, plan, level: from, daysAtLevel, facts } of await listRampingSources(database)) {
    const step = rampStep(plan, { level: from, daysAtLevel, facts });
    if (step.kind === 'stay') continue;
    const { level: to, reason } = step;
    if (await moveSourceLevel(database, { publicId, from, to, reason, facts }))
      moves.push({ publicId, level: to, reason });
  }
  return moves;
}
