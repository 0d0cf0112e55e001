-- A worker was cut off, and cannot say whether the provider has seen the end of these connections: they are counted for
-- a full hold, whatever becomes of the worker.
CREATE OR REPLACE FUNCTION mxflow_lose_slots(p_epoch integer, p_ids bigint[]) RETURNS void LANGUAGE sql AS $$
  UPDATE slots SET epoch = 0, lost_until = mxflow_now() + (SELECT lost_slot_hold FROM instance)
  WHERE id = ANY (p_ids) AND epoch = p_epoch
$$;
