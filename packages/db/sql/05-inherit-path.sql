-- A scope meets a path for the first time since the rules changed. True where another scope counted the path within the
-- hour: the path's connections are counted here from now on, and the scope is to start empty.
CREATE OR REPLACE FUNCTION mxflow_inherit_path(p_scope text, p_public_id integer, p_mx_ip text, p_version bigint,
  p_now timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  old record;
  moved integer := 0;
  inherited boolean;
BEGIN
  SELECT EXISTS (SELECT FROM paths o WHERE o.public_id = p_public_id AND o.mx_ip = p_mx_ip AND o.scope_key <> p_scope
    AND o.used_at > p_now - interval '1 hour'
    AND o.used_at > coalesce((SELECT p.used_at FROM paths p WHERE p.public_id = p_public_id AND p.mx_ip = p_mx_ip
      AND p.scope_key = p_scope), '-infinity')) INTO inherited;
  FOR old IN
    SELECT s.scope_key, count(*)::integer AS connections FROM slots s
    WHERE s.public_id = p_public_id AND s.mx_ip = p_mx_ip AND s.scope_key <> p_scope
      AND NOT EXISTS (SELECT FROM paths o WHERE o.public_id = s.public_id AND o.mx_ip = s.mx_ip
        AND o.scope_key = s.scope_key AND o.rules_version = p_version)
    GROUP BY s.scope_key ORDER BY s.scope_key
  LOOP
    -- The old scope's lock first: only then is the number of its slots final.
    PERFORM FROM scopes WHERE key = old.scope_key FOR UPDATE;
    UPDATE slots SET scope_key = p_scope
    WHERE public_id = p_public_id AND mx_ip = p_mx_ip AND scope_key = old.scope_key;
    GET DIAGNOSTICS old.connections = ROW_COUNT;
    UPDATE scopes SET slots_used = slots_used - old.connections WHERE key = old.scope_key;
    moved := moved + old.connections;
  END LOOP;
  UPDATE scopes SET slots_used = slots_used + moved, level = CASE WHEN inherited THEN 0 ELSE level END,
    refilled_at = CASE WHEN inherited THEN p_now ELSE refilled_at END
  WHERE key = p_scope;
  INSERT INTO paths (public_id, mx_ip, scope_key, used_at, rules_version)
  VALUES (p_public_id, p_mx_ip, p_scope, p_now, p_version)
  ON CONFLICT (public_id, mx_ip, scope_key) DO UPDATE SET used_at = p_now, rules_version = p_version;
  RETURN inherited;
END
$$;
