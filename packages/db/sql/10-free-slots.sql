-- Frees slots of a worker: the provider has seen the end of their connections.
CREATE OR REPLACE FUNCTION mxflow_free_slots(p_epoch integer, p_ids bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  each record;
  gone text[];
BEGIN
  WITH freed AS (DELETE FROM slots WHERE id = ANY (p_ids) AND epoch = p_epoch RETURNING scope_key)
  SELECT array_agg(scope_key) INTO gone FROM freed;
  FOR each IN
    SELECT key, count(*)::integer AS connections FROM unnest(gone) AS key GROUP BY key ORDER BY key COLLATE "C"
  LOOP
    PERFORM mxflow_slots_gone(each.key, each.connections);
  END LOOP;
  RETURN coalesce(cardinality(gone), 0);
END
$$;
