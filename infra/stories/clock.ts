import type { World } from './world.ts';

/**
 * Puts the clock by which everything is judged so far ahead of the real one. Workers and feeders have shown that they
 * live all the time: for them it is as if no time had passed.
 */
export async function putClockForward(world: World, seconds: number): Promise<void> {
  await world.query(
    `WITH moved AS (SELECT clock_timestamp() + $1::int * interval '1 second' AS now), living AS (
       UPDATE workers SET renewed_at = now FROM moved WHERE stopped_at IS NULL AND fenced_at IS NULL
     )
     UPDATE lanes SET feeder_until = now + interval '2 seconds' FROM moved WHERE feeder IS NOT NULL`,
    [seconds],
  );
  await world.query(
    `CREATE OR REPLACE FUNCTION mxflow_now() RETURNS timestamptz LANGUAGE sql VOLATILE
     AS 'SELECT clock_timestamp() + interval ''${seconds} seconds'''`,
  );
}
