-- MX rules: an ordered list. The first whose mask matches the MX host and whose publicIds contain the source holds.
CREATE TABLE mx_rules (
  id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$'),
  position integer NOT NULL,
  mask text NOT NULL,
  -- Empty: every source. Else numbers and ranges, such as 1,3-7.
  public_ids text NOT NULL DEFAULT '',
  -- True: counted a source over all MX IPs that the rule matches. False: each MX IP counts alone.
  shared boolean NOT NULL DEFAULT false,
  connect_timeout_seconds integer NOT NULL DEFAULT 10 CHECK (connect_timeout_seconds >= 1),
  data_timeout_seconds integer NOT NULL DEFAULT 240 CHECK (data_timeout_seconds >= 1),
  timeout_seconds integer NOT NULL DEFAULT 60 CHECK (timeout_seconds >= 1),
  tls text NOT NULL DEFAULT 'default' CHECK (tls IN ('default', 'disabled', 'opportunistic', 'required')),
  -- When a site is blocked: messages, failurePercent, hours. Null: the figures of every rule.
  block jsonb,
  origin text NOT NULL CHECK (origin IN ('bundled', 'pulled', 'local')),
  note text,
  -- The last rule takes what no other took, and is never counted over all providers at once.
  CHECK ((id = 'any') = (mask = '*' AND public_ids = '')),
  CHECK (id <> 'any' OR NOT shared)
);
CREATE INDEX mx_rules_position ON mx_rules (position);
CREATE TABLE mx_rule_limits (
  rule_id text NOT NULL REFERENCES mx_rules ON DELETE CASCADE,
  level text NOT NULL CHECK (level IN ('slow', 'normal', 'fast', 'very-fast', 'boost', 'custom')),
  max_connections integer NOT NULL CHECK (max_connections >= 1),
  max_messages_per_connection integer NOT NULL CHECK (max_messages_per_connection >= 1),
  messages_per_hour integer NOT NULL CHECK (messages_per_hour >= 1),
  PRIMARY KEY (rule_id, level)
);

-- The instance itself: one row. Its version rises with every change that alters what is allowed.
CREATE TABLE instance (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  level text NOT NULL DEFAULT 'normal' CHECK (level IN ('slow', 'normal', 'fast', 'very-fast', 'boost', 'custom')),
  rules_version bigint NOT NULL DEFAULT 1
);
INSERT INTO instance DEFAULT VALUES;

-- What a fresh database sends by until a rule set is loaded: the last rule alone.
INSERT INTO mx_rules (id, position, mask, origin, note)
VALUES ('any', 2147483647, '*', 'bundled', 'Every MX host that no other rule names.');
INSERT INTO mx_rule_limits (rule_id, level, max_connections, max_messages_per_connection, messages_per_hour) VALUES
  ('any', 'slow', 2, 100, 5000),
  ('any', 'normal', 4, 100, 15000),
  ('any', 'fast', 6, 100, 40000),
  ('any', 'very-fast', 8, 100, 70000),
  ('any', 'boost', 10, 100, 100000);

-- Sending IPs as workers registered them. Level, pause and ramp plan belong to operators.
CREATE TABLE sources (
  public_id integer PRIMARY KEY CHECK (public_id >= 1),
  public_ip text NOT NULL,
  helo_name text NOT NULL,
  weight double precision NOT NULL CHECK (weight > 0),
  pools text[] NOT NULL,
  include_domains text[] NOT NULL DEFAULT '{}',
  exclude_domains text[] NOT NULL DEFAULT '{}',
  -- A preset that overrides the instance's. Null: the instance's level.
  level text CHECK (level IN ('slow', 'normal', 'fast', 'very-fast', 'boost')),
  paused_at timestamptz,
  ramp jsonb,
  ramp_state jsonb,
  registered_at timestamptz NOT NULL DEFAULT mxflow_now()
);
-- Every change of a source's level, with its reason and the facts that it rests on.
CREATE TABLE source_history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id integer NOT NULL,
  at timestamptz NOT NULL DEFAULT mxflow_now(),
  level_before text,
  level_after text,
  reason text NOT NULL,
  facts jsonb
);
CREATE INDEX source_history_source ON source_history (public_id, id);
