-- One request of one worker in one scope; the scope's row is locked by it until the end of the transaction.
CREATE OR REPLACE FUNCTION mxflow_request_one(p_epoch integer, p_version bigint, r jsonb,
  OUT slot_id bigint, OUT tokens integer, OUT drawn bigint, OUT binds text, OUT ask_again_ms double precision)
LANGUAGE plpgsql AS $$
DECLARE
  k text := r->>'scopeKey';
  source integer := (r->>'publicId')::integer;
  ip text := r->>'mxIp';
  wants_slot boolean := (r->>'slots')::integer > 0;
  wants_tokens integer := (r->>'tokens')::integer;
  in_hand integer := (r->>'tokensInHand')::integer;
  s scopes%ROWTYPE;
  g grants%ROWTYPE;
  lim record;
  now_at timestamptz;
  burst double precision;
  rate double precision;
  askers integer;
  mine integer;
  blocked timestamptz;
  held timestamptz;
  d_settled bigint;
  d_returned bigint;
  lost bigint;
BEGIN
  tokens := 0;
  ask_again_ms := 0;
  SELECT * INTO lim FROM mxflow_limits_in_force(r->>'ruleId', source, r->>'groupKey', mxflow_now());
  IF lim.max_connections IS NULL THEN
    binds := 'rules-changed';
    ask_again_ms := 500;
    drawn := 0;
    RETURN;
  END IF;
  SELECT * INTO s FROM scopes WHERE key = k FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO scopes (key, rule_id, public_id, group_key, max_connections, messages_per_hour, level, refilled_at)
    VALUES (k, r->>'ruleId', source, r->>'groupKey', lim.max_connections, lim.messages_per_hour,
      mxflow_burst(lim.messages_per_hour), mxflow_now())
    ON CONFLICT DO NOTHING;
    SELECT * INTO s FROM scopes WHERE key = k FOR UPDATE;
  END IF;
  -- After the lock: before it, the wait would count twice.
  now_at := mxflow_now();
  -- Whoever wants nothing has a connection from before the rules changed, which may have been granted since this scope met
  -- the path.
  IF NOT (wants_slot OR wants_tokens > 0) OR NOT EXISTS (SELECT FROM paths p WHERE p.public_id = source AND p.mx_ip = ip
    AND p.scope_key = k AND p.rules_version = p_version) THEN
    PERFORM mxflow_inherit_path(k, source, ip, p_version, now_at);
    SELECT * INTO s FROM scopes WHERE key = k;
  ELSE
    UPDATE paths SET used_at = now_at WHERE public_id = source AND mx_ip = ip AND scope_key = k
      AND used_at < now_at - interval '10 seconds';
  END IF;

  -- What time brought, by the figure of that time; then the figure of now, without a fresh budget.
  s.level := mxflow_refilled(s.level, s.outstanding, s.messages_per_hour,
    extract(epoch FROM now_at - s.refilled_at)::float8);
  burst := mxflow_burst(lim.messages_per_hour);
  rate := mxflow_refill_rate(lim.messages_per_hour);
  IF lim.messages_per_hour > s.messages_per_hour THEN
    s.level := s.level * burst / mxflow_burst(s.messages_per_hour);
  END IF;
  s.level := greatest(0, least(s.level, burst - s.outstanding));

  SELECT * INTO g FROM grants WHERE scope_key = k AND epoch = p_epoch;
  IF NOT FOUND THEN
    INSERT INTO grants (scope_key, epoch, asked_at) VALUES (k, p_epoch, now_at) RETURNING * INTO g;
  END IF;
  IF (r->>'number')::bigint < g.asked_number THEN
    -- A later request was answered before this one: its totals are old, and its worker has given it up.
    binds := 'rate';
    ask_again_ms := 100;
    drawn := g.drawn;
    RETURN;
  END IF;
  IF jsonb_typeof(r->'account') = 'object' THEN
    -- Drawn here and unknown there: the answer was lost, and nobody sends by it.
    lost := least(greatest(0, g.drawn - (r->'account'->>'drawn')::bigint), g.drawn - g.settled - g.returned);
    g.drawn := g.drawn - lost;
    d_settled := least(greatest(0, (r->'account'->>'settled')::bigint - g.settled), g.drawn - g.settled - g.returned);
    g.settled := g.settled + d_settled;
    d_returned := least(greatest(0, (r->'account'->>'returned')::bigint - g.returned),
      g.drawn - g.settled - g.returned);
    g.returned := g.returned + d_returned;
    s.outstanding := s.outstanding - lost - d_settled - d_returned;
    s.level := least(s.level + lost + d_returned, greatest(0, burst - s.outstanding));
  END IF;
  SELECT count(*) INTO askers FROM grants o
  WHERE o.scope_key = k AND (o.epoch = p_epoch OR o.asked_at > now_at - interval '15 seconds');

  SELECT blocked_until INTO blocked FROM sites WHERE id = (r->>'siteId')::integer AND blocked_until > now_at;
  IF EXISTS (SELECT FROM sources p WHERE p.public_id = source AND p.paused_at IS NOT NULL) OR NOT EXISTS (
    SELECT FROM workers w WHERE w.epoch = p_epoch
      AND w.sources @> jsonb_build_array(jsonb_build_object('publicId', source))) THEN
    -- Taken out of use, or not a source that this worker could bind.
    binds := 'suspended';
    ask_again_ms := 30000;
  ELSIF lim.suspended_until IS NOT NULL THEN
    binds := 'suspended';
    ask_again_ms := extract(epoch FROM lim.suspended_until - now_at) * 1000;
  ELSIF blocked IS NOT NULL THEN
    binds := 'site-blocked';
    ask_again_ms := extract(epoch FROM blocked - now_at) * 1000;
  ELSIF wants_slot THEN
    SELECT blocked_until INTO blocked FROM path_back_off b
    WHERE b.public_id = source AND b.mx_ip = ip AND b.blocked_until > now_at;
    SELECT count(*) INTO mine FROM slots o WHERE o.epoch = p_epoch AND o.scope_key = k;
    SELECT no_slots_until INTO held FROM instance WHERE no_slots_until > now_at;
    IF held IS NOT NULL THEN
      binds := 'failover';
      ask_again_ms := extract(epoch FROM held - now_at) * 1000;
    ELSIF blocked IS NOT NULL THEN
      binds := 'path-back-off';
      ask_again_ms := extract(epoch FROM blocked - now_at) * 1000;
    ELSIF s.slots_used >= lim.max_connections THEN
      binds := 'connections';
      -- Freed slots are announced; this is for an announcement that was missed.
      ask_again_ms := 3000;
      s.wanted_at := now_at;
    ELSIF askers > 1 AND mine >= ceil(lim.max_connections::float8 / askers) + 1 THEN
      binds := 'share';
      ask_again_ms := 1000;
    ELSIF in_hand = 0 AND s.level < 1 THEN
      binds := 'rate';
    ELSE
      INSERT INTO slots (scope_key, epoch, public_id, mx_ip, granted_at) VALUES (k, p_epoch, source, ip, now_at)
      RETURNING id INTO slot_id;
      s.slots_used := s.slots_used + 1;
    END IF;
  END IF;
  IF wants_tokens > 0 AND binds IS NULL THEN
    -- Small draws: about two seconds of the rate, divided among those that ask.
    tokens := least(wants_tokens, floor(s.level + 1e-9)::integer, greatest(1, ceil(rate * 2 / askers)::integer));
    IF tokens < 1 THEN binds := 'rate'; END IF;
  END IF;
  IF binds = 'rate' THEN
    ask_again_ms := CASE WHEN s.level + s.outstanding >= burst THEN 100
      ELSE greatest(10, (1 - s.level) / rate * 1000) END;
  END IF;
  s.level := greatest(0, s.level - tokens);
  s.outstanding := s.outstanding + tokens;
  g.drawn := g.drawn + tokens;
  drawn := g.drawn;
  UPDATE scopes SET rule_id = r->>'ruleId', group_key = r->>'groupKey', max_connections = lim.max_connections,
    messages_per_hour = lim.messages_per_hour, slots_used = s.slots_used, level = s.level,
    outstanding = s.outstanding, refilled_at = now_at, wanted_at = s.wanted_at
  WHERE key = k;
  UPDATE grants SET drawn = g.drawn, settled = g.settled, returned = g.returned, asked_at = now_at,
    asked_number = (r->>'number')::bigint
  WHERE scope_key = k AND epoch = p_epoch;
END
$$;
