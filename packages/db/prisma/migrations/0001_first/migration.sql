-- The only clock of every statement. Tests replace this function. Nothing else reads the time.
CREATE FUNCTION mxflow_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

CREATE TYPE job_state AS ENUM ('receiving', 'active', 'paused', 'cancelled', 'finished');
CREATE TYPE job_mode AS ENUM ('live', 'verify', 'simulate');
CREATE TYPE work_state AS ENUM ('waiting', 'queued', 'sending');
CREATE TYPE message_status AS ENUM ('pending', 'sent', 'deferred', 'failed', 'ignored', 'expired', 'cancelled');
CREATE TYPE quarantine_status AS ENUM ('valid', 'with-errors', 'quarantined', 'denylisted', 'allow-listed');

-- Who may ask for what.
CREATE TABLE tenants (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT mxflow_now()
);
CREATE TABLE api_keys (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id integer NOT NULL REFERENCES tenants,
  name text NOT NULL,
  -- SHA-256 of the key, which has 256 random bits: a slow hash would add nothing.
  sha256 bytea NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT mxflow_now(),
  revoked_at timestamptz
);
CREATE TABLE audit_entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id integer,
  api_key_id integer,
  action text NOT NULL,
  subject text,
  outcome text NOT NULL,
  at timestamptz NOT NULL DEFAULT mxflow_now()
);
CREATE INDEX audit_entries_tenant ON audit_entries (tenant_id, id);

-- Jobs as accepted: definition, content (stored once), recipients in chunks.
CREATE TABLE contents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  content jsonb NOT NULL
);
CREATE TABLE jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id text NOT NULL UNIQUE,
  tenant_id integer NOT NULL REFERENCES tenants,
  state job_state NOT NULL,
  mode job_mode NOT NULL,
  -- 0 is the most urgent, 4 the least.
  urgency smallint NOT NULL,
  pool text NOT NULL,
  not_before timestamptz,
  valid_until timestamptz NOT NULL,
  settings jsonb NOT NULL,
  content_id bigint NOT NULL REFERENCES contents,
  definition_sha256 bytea NOT NULL,
  idempotency_key text,
  -- Who is posting it now, and until when that is believed without a sign of life.
  receiver uuid,
  receiver_until timestamptz,
  recipients integer NOT NULL DEFAULT 0,
  rejected_count integer NOT NULL DEFAULT 0,
  rejected jsonb NOT NULL DEFAULT '[]',
  chunks integer NOT NULL DEFAULT 0,
  chunks_prepared integer NOT NULL DEFAULT 0,
  traceparent text,
  created_at timestamptz NOT NULL DEFAULT mxflow_now(),
  accepted_at timestamptz,
  finished_at timestamptz
);
CREATE UNIQUE INDEX jobs_idempotency ON jobs (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_open ON jobs (id) WHERE state <> 'finished';
CREATE INDEX jobs_tenant ON jobs (tenant_id, id);
CREATE TABLE job_counts (
  job_id bigint PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
  pending bigint NOT NULL DEFAULT 0,
  sent bigint NOT NULL DEFAULT 0,
  deferred bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  ignored bigint NOT NULL DEFAULT 0,
  expired bigint NOT NULL DEFAULT 0,
  cancelled bigint NOT NULL DEFAULT 0,
  in_doubt bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE job_chunks (
  job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
  number integer NOT NULL,
  first_ordinal integer NOT NULL,
  recipient_count integer NOT NULL,
  sha256 bytea NOT NULL,
  -- Compressed recipients, emptied once they are work.
  recipients bytea,
  announced_at timestamptz,
  prepared_at timestamptz,
  PRIMARY KEY (job_id, number)
);
CREATE INDEX job_chunks_unprepared ON job_chunks (announced_at) WHERE prepared_at IS NULL;
-- One row an address of a running job: finds duplicates in any chunk of it.
CREATE TABLE job_addresses (
  job_id bigint NOT NULL,
  address_hash uuid NOT NULL,
  ordinal integer NOT NULL,
  PRIMARY KEY (job_id, address_hash)
);

-- Where mail goes.
CREATE TABLE sites (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL UNIQUE,
  failures integer NOT NULL DEFAULT 0,
  blocked_until timestamptz,
  block_reason text
);
CREATE TABLE domains (
  name text PRIMARY KEY,
  site_id integer NOT NULL REFERENCES sites,
  resolution text NOT NULL,
  expires_at timestamptz NOT NULL,
  -- Set by a worker that sees other MX hosts than the site's: its work is to be moved.
  moved boolean NOT NULL DEFAULT false
);
CREATE INDEX domains_moved ON domains (name) WHERE moved;
CREATE TABLE lanes (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool text NOT NULL,
  rule text NOT NULL,
  feeder uuid,
  feeder_until timestamptz,
  UNIQUE (pool, rule)
);

-- Workers: an epoch is one life of one process, held by an advisory lock on it.
CREATE TABLE workers (
  epoch integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  sources jsonb NOT NULL DEFAULT '[]',
  started_at timestamptz NOT NULL DEFAULT mxflow_now(),
  renewed_at timestamptz NOT NULL DEFAULT mxflow_now(),
  stopped_at timestamptz,
  -- Declared dead: its claims were taken away, and nothing under this epoch is believed any more.
  fenced_at timestamptz
);
CREATE INDEX workers_open ON workers (epoch) WHERE stopped_at IS NULL AND fenced_at IS NULL;

-- Every unfinished message. Small rows, deleted when final.
CREATE TABLE work (
  message_id bigint PRIMARY KEY,
  job_id bigint NOT NULL,
  state work_state NOT NULL DEFAULT 'waiting',
  -- The number of the attempt that comes next or is under way: at least 1.
  attempt integer NOT NULL DEFAULT 1,
  due_at timestamptz NOT NULL,
  wait_reason text,
  last_reply text,
  lane_id integer NOT NULL,
  site_id integer NOT NULL,
  urgency smallint NOT NULL,
  -- publicId of the source that the last attempt used: a retry keeps it (greylisting).
  source integer,
  worker integer,
  claimed_at timestamptz,
  released_at timestamptz,
  -- The attempt whose outcome a crash left open, if any.
  in_doubt_attempt integer,
  address text NOT NULL,
  variables jsonb
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
CREATE INDEX work_feed ON work (lane_id, urgency, job_id, site_id, due_at) WHERE state = 'waiting';
CREATE INDEX work_released ON work (lane_id, site_id) WHERE state <> 'waiting';
CREATE INDEX work_claimed ON work (worker) WHERE state = 'sending';

-- What became of each attempt: append-only, a partition a month.
CREATE TABLE delivery_log (
  id bigint GENERATED ALWAYS AS IDENTITY,
  message_id bigint NOT NULL,
  job_id bigint NOT NULL,
  attempt integer NOT NULL,
  status message_status NOT NULL,
  failure_type text,
  failure_reason text,
  reply_code integer,
  enhanced_status text,
  reply text,
  mx_host text,
  mx_ip text,
  source integer,
  site_id integer,
  in_doubt boolean NOT NULL DEFAULT false,
  address text NOT NULL,
  logged_at timestamptz NOT NULL DEFAULT mxflow_now(),
  PRIMARY KEY (id, logged_at)
) PARTITION BY RANGE (logged_at);
CREATE INDEX delivery_log_message ON delivery_log (message_id, id);
CREATE TABLE delivery_log_default PARTITION OF delivery_log DEFAULT;

CREATE TABLE quarantine (
  address text PRIMARY KEY,
  status quarantine_status NOT NULL,
  error_count integer NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT mxflow_now()
);

-- What upstream is told.
CREATE TABLE webhook_endpoints (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id integer NOT NULL REFERENCES tenants,
  url text NOT NULL,
  -- Encrypted with the instance's key.
  secret bytea NOT NULL,
  events text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT mxflow_now(),
  disabled_at timestamptz,
  -- Deliveries to one endpoint go one after another, by whoever holds the lease.
  sender uuid,
  sender_until timestamptz,
  failures integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT mxflow_now()
);
CREATE TABLE webhook_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  endpoint_id integer NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  message_id bigint NOT NULL,
  event text NOT NULL,
  body jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT mxflow_now()
);
CREATE INDEX webhook_outbox_order ON webhook_outbox (endpoint_id, id);
