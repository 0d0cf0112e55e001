-- The connections that a worker has above its part: of a maximum that was lowered, or of a share that others wait for.
CREATE OR REPLACE FUNCTION mxflow_surplus(p_epoch integer) RETURNS TABLE (scope_key text, connections integer)
LANGUAGE sql STABLE AS $$
  WITH mine AS (
    SELECT s.scope_key, count(*)::integer AS held FROM slots s WHERE s.epoch = p_epoch GROUP BY s.scope_key
  ), judged AS (
    SELECT m.scope_key, m.held, s.slots_used, s.wanted_at > mxflow_now() - interval '10 seconds' AS wanted,
      lim.max_connections AS maximum,
      (SELECT count(*) FROM grants g WHERE g.scope_key = m.scope_key AND g.asked_at > mxflow_now() - interval '15 seconds') AS askers
    FROM mine m JOIN scopes s ON s.key = m.scope_key
    CROSS JOIN LATERAL mxflow_limits_in_force(s.rule_id, s.public_id, s.group_key, mxflow_now()) AS lim
  )
  SELECT j.scope_key, over.connections FROM judged j CROSS JOIN LATERAL (
    SELECT greatest(
      ceil((j.slots_used - j.maximum)::float8 * j.held / greatest(1, j.slots_used)),
      CASE WHEN j.wanted AND j.askers > 1 THEN j.held - ceil(j.maximum::float8 / j.askers) - 1 ELSE 0 END
    )::integer AS connections
  ) over WHERE over.connections > 0
$$;
