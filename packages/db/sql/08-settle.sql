-- What became of tokens, as absolute totals: monotone, harmless when repeated, and only while the epoch lives.
CREATE OR REPLACE FUNCTION mxflow_settle(p_epoch integer, p_accounts jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  each record;
  s scopes%ROWTYPE;
  g grants%ROWTYPE;
  now_at timestamptz;
  d_settled bigint;
  d_returned bigint;
BEGIN
  PERFORM FROM workers WHERE epoch = p_epoch AND fenced_at IS NULL AND stopped_at IS NULL FOR SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  FOR each IN
    SELECT a.key, a.settled, a.returned FROM jsonb_to_recordset(p_accounts) AS a(key text, settled bigint, returned bigint)
    ORDER BY a.key COLLATE "C"
  LOOP
    SELECT * INTO s FROM scopes WHERE key = each.key FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    now_at := mxflow_now();
    SELECT * INTO g FROM grants WHERE scope_key = each.key AND epoch = p_epoch;
    CONTINUE WHEN NOT FOUND;
    s.level := mxflow_refilled(s.level, s.outstanding, s.messages_per_hour,
      extract(epoch FROM now_at - s.refilled_at)::float8);
    d_settled := least(greatest(0, each.settled - g.settled), g.drawn - g.settled - g.returned);
    d_returned := least(greatest(0, each.returned - g.returned), g.drawn - g.settled - d_settled - g.returned);
    s.outstanding := s.outstanding - d_settled - d_returned;
    UPDATE scopes SET outstanding = s.outstanding, refilled_at = now_at,
      level = least(s.level + d_returned, greatest(0, mxflow_burst(s.messages_per_hour) - s.outstanding))
    WHERE key = each.key;
    UPDATE grants SET settled = g.settled + d_settled, returned = g.returned + d_returned
    WHERE scope_key = each.key AND epoch = p_epoch;
  END LOOP;
END
$$;
