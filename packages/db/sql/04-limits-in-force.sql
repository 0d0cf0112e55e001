-- The limits of a rule for a source now: its own level before the instance's, holds included.
CREATE OR REPLACE FUNCTION mxflow_limits_in_force(p_rule text, p_public_id integer, p_group text, p_now timestamptz,
  OUT max_connections integer, OUT messages_per_hour integer, OUT suspended_until timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  hold holds%ROWTYPE;
  factor double precision := 1;
BEGIN
  SELECT l.max_connections, l.messages_per_hour INTO max_connections, messages_per_hour
  FROM mx_rule_limits l WHERE l.rule_id = p_rule
    AND l.level = coalesce((SELECT s.level FROM sources s WHERE s.public_id = p_public_id), (SELECT i.level FROM instance i));
  SELECT * INTO hold FROM holds h WHERE h.group_key = p_group AND h.public_id = p_public_id;
  IF NOT FOUND OR max_connections IS NULL THEN RETURN; END IF;
  IF hold.suspended_until > p_now THEN suspended_until := hold.suspended_until; END IF;
  IF p_now >= hold.capped_until THEN
    factor := power(2, least(30, 1 + floor(extract(epoch FROM p_now - hold.capped_until) / hold.step_seconds)));
  END IF;
  max_connections := least(max_connections, hold.connections_cap * factor);
  messages_per_hour := least(messages_per_hour, hold.rate_cap_per_hour * factor);
END
$$;
