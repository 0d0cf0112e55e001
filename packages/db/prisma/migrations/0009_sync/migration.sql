-- Rules as the set in force brings them, whether or not an operator's rule lies over one: where that is deleted, this holds.
CREATE TABLE set_rules (
  list text NOT NULL,
  id text NOT NULL,
  position integer NOT NULL,
  -- A row of the list's table, of an MX rule with its limits.
  rule jsonb NOT NULL,
  PRIMARY KEY (list, id)
);
INSERT INTO set_rules (list, id, position, rule)
SELECT 'mx_rules', r.id, r.position, to_jsonb(r) - 'position' - 'origin' || jsonb_build_object('limits', (
  SELECT jsonb_agg(jsonb_build_object('level', l.level, 'connections', l.max_connections,
    'messages', l.max_messages_per_connection, 'per_hour', l.messages_per_hour))
  FROM mx_rule_limits l WHERE l.rule_id = r.id AND l.level <> 'custom'))
FROM mx_rules r WHERE r.origin = 'bundled';
INSERT INTO set_rules (list, id, position, rule)
SELECT 'bounce_rules', r.id, r.position, to_jsonb(r) - '{position,origin,enabled,hits,last_hit_at}'::text[]
FROM bounce_rules r WHERE r.origin = 'bundled';
INSERT INTO set_rules (list, id, position, rule)
SELECT 'feedback_rules', r.id, r.position, to_jsonb(r) - '{position,origin,enabled,hits,last_hit_at}'::text[]
FROM feedback_rules r WHERE r.origin = 'bundled';
-- The version of the rule set that each list is of. Null: of the rules that came with mxflow. 0: of a source that an
-- operator has had forgotten.
CREATE TABLE set_lists (
  list text PRIMARY KEY,
  version integer
);
INSERT INTO set_lists (list) VALUES
  ('mx_rules'), ('bounce_rules'), ('feedback_rules'), ('domain_rules'), ('policies');
-- Rules that operators have switched off: they stay off, also when a set leaves one out and a later one brings it again.
CREATE TABLE rules_off (
  list text NOT NULL,
  id text NOT NULL,
  PRIMARY KEY (list, id)
);
INSERT INTO rules_off SELECT 'bounce_rules', id FROM bounce_rules WHERE NOT enabled;
INSERT INTO rules_off SELECT 'feedback_rules', id FROM feedback_rules WHERE NOT enabled;

-- Rule sets that were pulled and found sound: what can be put in force, now and again.
CREATE TABLE rule_set_versions (
  version integer PRIMARY KEY CHECK (version >= 1),
  document jsonb NOT NULL,
  source text NOT NULL,
  fetched_at timestamptz NOT NULL DEFAULT mxflow_now(),
  -- When it was put in force the last time. Null: never.
  applied_at timestamptz
);

-- Each try to pull a rule set, each rollback, and what is still asked for (begun_at is null).
CREATE TABLE sync_runs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  cause text NOT NULL CHECK (cause IN ('start', 'scheduled', 'demand', 'rollback', 'unpin', 'level')),
  -- Fetched and checked, and put in force by nobody.
  dry_run boolean NOT NULL DEFAULT false,
  asked_at timestamptz NOT NULL DEFAULT mxflow_now(),
  begun_at timestamptz,
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('applied', 'unchanged', 'kept-back', 'refused', 'failed', 'lost')),
  because text,
  detail text,
  version_before integer,
  version_after integer,
  -- How many rules of each list were added, removed and changed.
  diff jsonb
);
CREATE INDEX sync_runs_asked ON sync_runs (id) WHERE begun_at IS NULL;

-- One row: where this instance stands with the sync.
CREATE TABLE sync_state (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- The highest version that was ever found sound: a lower one is refused.
  newest integer,
  -- Stays in force whatever comes. Null: the newest does.
  pinned integer REFERENCES rule_set_versions,
  bounce_rules_in_custom boolean NOT NULL DEFAULT false,
  -- What the source calls its present content, and which source.
  etag text,
  etag_source text,
  -- Where in the time of jitter this instance has its place, over all replicas and restarts.
  spread double precision NOT NULL DEFAULT random(),
  -- The last day of the schedule that is done.
  settled_day date,
  -- Of the last try that succeeded, and of those that failed since.
  succeeded_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  because text,
  detail text,
  -- The run under way, and until when it is believed to be.
  run_id bigint,
  run_until timestamptz,
  -- What the service says of itself: whether it is enabled, its source, its schedule.
  service jsonb,
  since timestamptz NOT NULL DEFAULT mxflow_now()
);
INSERT INTO sync_state DEFAULT VALUES;

-- Hits that the deliverability instance has been told of, where this instance tells it.
ALTER TABLE unmatched_texts ADD COLUMN reported_hits bigint NOT NULL DEFAULT 0;
