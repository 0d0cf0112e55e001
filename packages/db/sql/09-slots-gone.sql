-- So many connections of a scope are at an end. Tells those who wait when a full scope has room again.
CREATE OR REPLACE FUNCTION mxflow_slots_gone(p_scope text, p_connections integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  s scopes%ROWTYPE;
BEGIN
  SELECT * INTO s FROM scopes WHERE key = p_scope FOR UPDATE;
  UPDATE scopes SET slots_used = slots_used - p_connections,
    wanted_at = CASE WHEN slots_used - p_connections < max_connections THEN NULL ELSE wanted_at END
  WHERE key = p_scope;
  IF s.wanted_at IS NOT NULL AND s.slots_used >= s.max_connections AND s.slots_used - p_connections < s.max_connections THEN
    PERFORM pg_notify('mxflow_scopes', p_scope);
  END IF;
END
$$;
