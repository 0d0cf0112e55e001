-- Fences workers that are proven dead, and those silent for longer than any provider counts a silent connection.
-- Proven: the session went while the last renewal was younger than keepalives take to end a session, so that its
-- process's kernel closed it, and with it every other socket; no renewal came after the session was seen to be gone;
-- Postgres was not restarted since; and a worker that had lost the session alone would by now have come back or aborted
-- its connections.
CREATE OR REPLACE FUNCTION mxflow_fence(p_life double precision, p_hold double precision, p_keepalive double precision,
  p_lock integer) RETURNS SETOF integer LANGUAGE plpgsql AS $$
DECLARE
  dead integer;
BEGIN
  UPDATE instance SET lost_slot_hold = p_hold * interval '1 second'
  WHERE lost_slot_hold <> p_hold * interval '1 second';
  PERFORM mxflow_free_slots(0, ARRAY(SELECT id FROM slots WHERE lost_until <= mxflow_now()));
  UPDATE workers w SET session_lost_at = CASE WHEN seen.held THEN NULL ELSE mxflow_now() END
  FROM (
    SELECT o.epoch, EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND l.classid = p_lock::oid AND l.objid = o.epoch::oid AND l.granted
        AND d.datname = current_database()) AS held
    FROM workers o WHERE o.stopped_at IS NULL AND o.fenced_at IS NULL
  ) seen
  WHERE seen.epoch = w.epoch AND seen.held = (w.session_lost_at IS NOT NULL);
  FOR dead IN
    UPDATE workers w SET fenced_at = mxflow_now()
    WHERE w.stopped_at IS NULL AND w.fenced_at IS NULL AND (
      (w.session_lost_at >= w.renewed_at AND w.session_lost_at - w.renewed_at < p_keepalive * interval '1 second'
        AND w.renewed_at < mxflow_now() - p_life * interval '1 second'
        AND w.server_started_at = pg_postmaster_start_time())
      OR w.renewed_at < mxflow_now() - p_hold * interval '1 second')
    RETURNING w.epoch
  LOOP
    PERFORM mxflow_end_epoch(dead);
    RETURN NEXT dead;
  END LOOP;
END
$$;
