-- Requests of one worker, answered in their order. Locks scopes in the order of their keys.
CREATE OR REPLACE FUNCTION mxflow_request(p_epoch integer, p_version bigint, p_requests jsonb)
RETURNS TABLE (index integer, slot_id bigint, tokens integer, drawn bigint, binds text, ask_again_ms double precision)
LANGUAGE plpgsql AS $$
DECLARE
  request record;
BEGIN
  -- Whoever fences this epoch waits for us, and then sees what we gave it.
  PERFORM FROM workers WHERE epoch = p_epoch AND fenced_at IS NULL AND stopped_at IS NULL FOR SHARE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 0, NULL::bigint, 0, 0::bigint, 'fenced'::text, 0::float8;
    RETURN;
  END IF;
  IF (SELECT i.timeline FROM instance i) IS DISTINCT FROM mxflow_timeline() THEN PERFORM mxflow_after_failover(); END IF;
  IF p_version <> (SELECT i.rules_version FROM instance i) THEN
    RETURN QUERY SELECT (each.place - 1)::integer, NULL::bigint, 0, 0::bigint, 'rules-changed'::text, 200::float8
      FROM jsonb_array_elements(p_requests) WITH ORDINALITY AS each(body, place);
    RETURN;
  END IF;
  FOR request IN
    SELECT each.body, (each.place - 1)::integer AS place FROM jsonb_array_elements(p_requests) WITH ORDINALITY AS each(body, place)
    ORDER BY each.body->>'scopeKey' COLLATE "C", each.place
  LOOP
    RETURN QUERY SELECT request.place, one.* FROM mxflow_request_one(p_epoch, p_version, request.body) AS one;
  END LOOP;
END
$$;
