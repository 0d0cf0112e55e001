-- Takes everything back that an epoch holds. Its tokens count as sent: nobody can say that they were not.
CREATE OR REPLACE FUNCTION mxflow_end_epoch(p_epoch integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  each record;
BEGIN
  PERFORM mxflow_free_slots(p_epoch, ARRAY(SELECT id FROM slots WHERE epoch = p_epoch));
  FOR each IN
    SELECT scope_key, drawn - settled - returned AS held FROM grants WHERE epoch = p_epoch ORDER BY scope_key COLLATE "C"
  LOOP
    UPDATE scopes SET outstanding = outstanding - each.held, refilled_at = mxflow_now(),
      level = mxflow_refilled(level, outstanding, messages_per_hour, extract(epoch FROM mxflow_now() - refilled_at)::float8)
    WHERE key = each.scope_key;
  END LOOP;
  DELETE FROM grants WHERE epoch = p_epoch;
END
$$;
