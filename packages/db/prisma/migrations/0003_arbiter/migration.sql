-- A scope is what a limit is counted over: a source with all MX IPs of a shared rule, or with one MX IP.
CREATE TABLE scopes (
  key text PRIMARY KEY,
  rule_id text NOT NULL,
  public_id integer NOT NULL,
  group_key text NOT NULL,
  -- The limits by which the row was last changed, holds included.
  max_connections integer NOT NULL,
  messages_per_hour integer NOT NULL,
  slots_used integer NOT NULL DEFAULT 0 CHECK (slots_used >= 0),
  -- Tokens that may be drawn, and those drawn whose message has no reply yet.
  level double precision NOT NULL CHECK (level >= 0),
  outstanding bigint NOT NULL DEFAULT 0 CHECK (outstanding >= 0),
  refilled_at timestamptz NOT NULL,
  -- When a connection was last refused for want of room: somebody waits to hear of it.
  wanted_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX scopes_rule ON scopes (rule_id);

-- What one worker was given of a scope, and what it says became of it: absolute totals, so that repeats are harmless.
CREATE TABLE grants (
  scope_key text NOT NULL,
  epoch integer NOT NULL,
  drawn bigint NOT NULL DEFAULT 0,
  settled bigint NOT NULL DEFAULT 0,
  returned bigint NOT NULL DEFAULT 0,
  asked_at timestamptz NOT NULL,
  -- Of the last request: one that comes later with a lower number was held up on its way, and nobody waits for it.
  asked_number bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_key, epoch),
  CHECK (drawn >= settled + returned)
) WITH (fillfactor = 50);
CREATE INDEX grants_epoch ON grants (epoch);

-- One row a connection, from before its SYN until the provider has seen its end.
CREATE TABLE slots (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  scope_key text NOT NULL,
  epoch integer NOT NULL,
  public_id integer NOT NULL,
  mx_ip text NOT NULL,
  granted_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX slots_epoch ON slots (epoch, scope_key);
CREATE INDEX slots_path ON slots (public_id, mx_ip);

-- Which scopes counted a path of late: a scope that takes a path over starts empty and inherits its connections.
CREATE TABLE paths (
  public_id integer NOT NULL,
  mx_ip text NOT NULL,
  scope_key text NOT NULL,
  used_at timestamptz NOT NULL,
  rules_version bigint NOT NULL,
  PRIMARY KEY (public_id, mx_ip, scope_key)
) WITH (fillfactor = 50);
CREATE INDEX paths_used ON paths (used_at);
CREATE TABLE path_back_off (
  public_id integer NOT NULL,
  mx_ip text NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  blocked_until timestamptz,
  reason text,
  PRIMARY KEY (public_id, mx_ip)
);

-- What feedback from a provider imposes on a source there, always within the limits of the rule.
CREATE TABLE holds (
  group_key text NOT NULL,
  public_id integer NOT NULL,
  suspended_until timestamptz,
  connections_cap integer CHECK (connections_cap >= 1),
  rate_cap_per_hour integer CHECK (rate_cap_per_hour >= 1),
  -- Until then the caps hold, and afterwards they double every step until the rule's own limits are lower.
  capped_until timestamptz,
  step_seconds integer NOT NULL DEFAULT 600 CHECK (step_seconds >= 1),
  reason text NOT NULL,
  last_reply text,
  since timestamptz NOT NULL DEFAULT mxflow_now(),
  PRIMARY KEY (group_key, public_id)
);

-- When the session that proves a worker alive was first seen gone.
ALTER TABLE workers ADD COLUMN session_lost_at timestamptz;
-- When the server started that took the last renewal: its restart ends the sessions of the living too.
ALTER TABLE workers ADD COLUMN server_started_at timestamptz NOT NULL DEFAULT pg_postmaster_start_time();
