-- Why a site rests: connection failures (left as soon as it is reached), or too large a share of its messages failing.
ALTER TABLE sites ADD COLUMN block_kind text CHECK (block_kind IN ('back-off', 'block'));
UPDATE sites SET block_kind = 'back-off' WHERE blocked_until IS NOT NULL;
-- The rule that names the lanes of its messages, and the version of the rules by which that was decided.
ALTER TABLE sites ADD COLUMN lane_rule text NOT NULL DEFAULT 'any';
ALTER TABLE sites ADD COLUMN rules_version bigint NOT NULL DEFAULT 0;
CREATE INDEX sites_rules_version ON sites (rules_version);
UPDATE lanes SET rule = 'any' WHERE rule = '*';

-- What became of a site's messages, a row a minute, over all workers. Errors of an address count neither way.
CREATE TABLE site_minutes (
  site_id integer NOT NULL,
  minute timestamptz NOT NULL,
  messages integer NOT NULL,
  failures integer NOT NULL,
  PRIMARY KEY (site_id, minute)
) WITH (fillfactor = 50);
CREATE INDEX site_minutes_minute ON site_minutes (minute);

-- Replies that call for sending less: an ordered list, the first that matches holds.
CREATE TABLE feedback_rules (
  id text PRIMARY KEY,
  position integer NOT NULL,
  -- Over MX host names.
  mask text NOT NULL,
  pattern text NOT NULL,
  threshold_per_hour integer NOT NULL CHECK (threshold_per_hour >= 1),
  action text NOT NULL CHECK (action IN ('suspend', 'connections', 'rate')),
  -- Connections at once, or messages an hour.
  cap integer CHECK (cap >= 1),
  seconds integer NOT NULL CHECK (seconds >= 1),
  step_seconds integer NOT NULL CHECK (step_seconds >= 1),
  matches text[] NOT NULL,
  passes text[] NOT NULL,
  origin text NOT NULL CHECK (origin IN ('bundled', 'pulled', 'local')),
  enabled boolean NOT NULL DEFAULT true,
  hits bigint NOT NULL DEFAULT 0,
  last_hit_at timestamptz,
  CHECK ((action = 'suspend') = (cap IS NULL))
);
CREATE TABLE feedback_hits (
  group_key text NOT NULL,
  public_id integer NOT NULL,
  rule_id text NOT NULL,
  minute timestamptz NOT NULL,
  hits integer NOT NULL,
  PRIMARY KEY (group_key, public_id, rule_id, minute)
) WITH (fillfactor = 50);
CREATE INDEX feedback_hits_minute ON feedback_hits (minute);
