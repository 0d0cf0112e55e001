-- The timeline that this server writes on: a promoted replica begins another one.
CREATE OR REPLACE FUNCTION mxflow_timeline() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)
$$;
-- A replica has taken over, and what was granted last may be missing here. Connections that nobody knows of may be open:
-- none is granted for a full hold. Messages that nobody knows of may have been sent: every bucket starts empty.
CREATE OR REPLACE FUNCTION mxflow_after_failover() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  before text;
BEGIN
  SELECT timeline INTO before FROM instance FOR UPDATE;
  IF before IS NOT DISTINCT FROM mxflow_timeline() THEN RETURN; END IF;
  IF before IS NULL THEN
    UPDATE instance SET timeline = mxflow_timeline();
    RETURN;
  END IF;
  PERFORM FROM scopes ORDER BY key COLLATE "C" FOR UPDATE;
  UPDATE scopes SET level = 0, refilled_at = mxflow_now();
  UPDATE instance SET timeline = mxflow_timeline(), no_slots_until = mxflow_now() + lost_slot_hold;
END
$$;
