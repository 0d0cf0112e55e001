-- Rises with every change of how failures are read: bounce rules, feedback rules, policies, settings of quarantine.
ALTER TABLE instance ADD COLUMN reading_version bigint NOT NULL DEFAULT 1;

-- How failures are read: an ordered list, the first rule that matches decides. Local rules stand before the others.
CREATE TABLE bounce_rules (
  id text PRIMARY KEY,
  position integer NOT NULL,
  pattern text NOT NULL,
  looks_at text[] NOT NULL CHECK (cardinality(looks_at) > 0),
  reply_codes text[] NOT NULL DEFAULT '{}',
  enhanced_statuses text[] NOT NULL DEFAULT '{}',
  mx_masks text[] NOT NULL DEFAULT '{}',
  senders text[] NOT NULL DEFAULT '{}',
  reason text NOT NULL,
  type text NOT NULL CHECK (type IN ('hard', 'soft', 'ignored')),
  detail text NOT NULL,
  matches text[] NOT NULL,
  leaves text[] NOT NULL,
  origin text NOT NULL CHECK (origin IN ('bundled', 'pulled', 'local')),
  enabled boolean NOT NULL DEFAULT true,
  hits bigint NOT NULL DEFAULT 0,
  last_hit_at timestamptz
);

-- What a reason does to an address. An operator's row (local) lies above the bundled or pulled one.
CREATE TABLE reason_policies (
  reason text NOT NULL,
  origin text NOT NULL CHECK (origin IN ('bundled', 'pulled', 'local')),
  -- The counted error at which the address is quarantined. Null: never, and nothing is counted.
  quarantine_at integer CHECK (quarantine_at >= 1),
  -- Days after which it leaves quarantine again. Null: not by itself.
  release_days integer CHECK (release_days >= 1),
  PRIMARY KEY (reason, origin)
);

-- One row: the figures that hold for every reason.
CREATE TABLE quarantine_settings (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- At most one error per address counts in this time.
  significance_hours integer NOT NULL DEFAULT 24 CHECK (significance_hours >= 0),
  -- A counter falls to zero after this time without a counted error.
  reset_days integer NOT NULL DEFAULT 10 CHECK (reset_days >= 1),
  -- And this time after a success that no bounce followed.
  success_days integer NOT NULL DEFAULT 7 CHECK (success_days >= 0),
  complaint_denylists boolean NOT NULL DEFAULT true,
  -- The guard: addresses that one site (or our resolver) may send to quarantine beyond what is usual there,
  guard_addresses integer NOT NULL DEFAULT 50 CHECK (guard_addresses >= 1),
  -- the share of its messages, in percent, that is never suspicious,
  guard_percent double precision NOT NULL DEFAULT 5 CHECK (guard_percent > 0),
  -- and how many times its own history is.
  guard_factor double precision NOT NULL DEFAULT 10 CHECK (guard_factor > 1),
  raw_days integer NOT NULL DEFAULT 15 CHECK (raw_days >= 0)
);
INSERT INTO quarantine_settings DEFAULT VALUES;

-- An address that something happened to. No row: valid. Looked up for every message: compared by octets, not by a locale.
ALTER TABLE quarantine ALTER COLUMN address TYPE text COLLATE "C";
ALTER TABLE quarantine ADD COLUMN domain text NOT NULL DEFAULT '';
-- The reason of the last counted error, or of the entry into quarantine.
ALTER TABLE quarantine ADD COLUMN reason text;
-- The rule that decided, and the text that it saw.
ALTER TABLE quarantine ADD COLUMN rule text;
ALTER TABLE quarantine ADD COLUMN text text;
ALTER TABLE quarantine ADD COLUMN site_id integer;
ALTER TABLE quarantine ADD COLUMN counted_at timestamptz;
-- The first success since the last bounce: the longer ago, the surer it is that none follows.
ALTER TABLE quarantine ADD COLUMN success_at timestamptz;
ALTER TABLE quarantine ADD COLUMN quarantined_at timestamptz;
ALTER TABLE quarantine ADD COLUMN release_at timestamptz;
UPDATE quarantine SET domain = split_part(address, '@', 2);
CREATE INDEX quarantine_domain ON quarantine (domain);
CREATE INDEX quarantine_release ON quarantine (release_at) WHERE release_at IS NOT NULL;
CREATE INDEX quarantine_errors ON quarantine (counted_at) WHERE status = 'with-errors';
CREATE INDEX quarantine_successes ON quarantine (success_at) WHERE success_at IS NOT NULL;

-- Every change of an address, with its cause. An event of a message is taken once.
CREATE TABLE quarantine_history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  address text NOT NULL,
  at timestamptz NOT NULL DEFAULT mxflow_now(),
  -- error, complaint, release, reset, import, edit, undo.
  cause text NOT NULL,
  actor text,
  status_before quarantine_status NOT NULL,
  status_after quarantine_status NOT NULL,
  errors_before integer NOT NULL,
  errors_after integer NOT NULL,
  reason text,
  rule text,
  text text,
  site_id integer,
  message_id bigint,
  attempt integer,
  -- The whole row as it was, for an undo. Null: there was none.
  row_before jsonb,
  undone_by bigint
);
CREATE INDEX quarantine_history_address ON quarantine_history (address, id);
CREATE INDEX quarantine_history_at ON quarantine_history (at);
CREATE UNIQUE INDEX quarantine_history_event ON quarantine_history (message_id, attempt, cause)
  WHERE message_id IS NOT NULL;

-- What the guard counts by site and hour: messages with an outcome,
CREATE TABLE guard_hours (
  site_id integer NOT NULL,
  hour timestamptz NOT NULL,
  messages integer NOT NULL DEFAULT 0,
  PRIMARY KEY (site_id, hour)
) WITH (fillfactor = 50);
CREATE INDEX guard_hours_hour ON guard_hours (hour);
-- and apart from them, since they are counted when addresses are locked, errors that would quarantine, and addresses that
-- it let them quarantine. Site 0 is the resolver: domains that do not exist, over all sites.
CREATE TABLE guard_effects (
  site_id integer NOT NULL,
  hour timestamptz NOT NULL,
  suspects integer NOT NULL DEFAULT 0,
  quarantined integer NOT NULL DEFAULT 0,
  PRIMARY KEY (site_id, hour)
) WITH (fillfactor = 50);
CREATE INDEX guard_effects_hour ON guard_effects (hour);
-- Where a site stands with the guard: how far its errors are above what is usual, as of so many messages of that hour.
CREATE TABLE guard_sites (
  site_id integer PRIMARY KEY,
  level double precision NOT NULL DEFAULT 0 CHECK (level >= 0),
  seen_at timestamptz NOT NULL DEFAULT '-infinity',
  seen_messages bigint NOT NULL DEFAULT 0,
  -- The share of errors that is usual here, worked out anew in every hour.
  share double precision NOT NULL DEFAULT 0,
  -- Since when the guard holds errors back. Null: it does not.
  alarmed_at timestamptz
) WITH (fillfactor = 50);
-- Errors that the guard has kept from quarantining: to be applied or dropped by a person.
CREATE TABLE guard_held (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site_id integer NOT NULL,
  address text NOT NULL,
  at timestamptz NOT NULL DEFAULT mxflow_now(),
  reason text NOT NULL,
  type text NOT NULL CHECK (type IN ('hard', 'soft', 'ignored')),
  detail text,
  rule text,
  text text,
  message_id bigint NOT NULL,
  attempt integer NOT NULL,
  UNIQUE (message_id, attempt)
);
CREATE INDEX guard_held_site ON guard_held (site_id, at);

-- Texts that no rule matched, without what differs from one to the next.
CREATE TABLE unmatched_texts (
  sha256 bytea PRIMARY KEY,
  text text NOT NULL,
  -- The first as it came.
  example text NOT NULL,
  looks_at text NOT NULL,
  reply_code integer,
  enhanced_status text,
  mx_host text,
  hits bigint NOT NULL DEFAULT 1,
  status text NOT NULL DEFAULT 'to-qualify' CHECK (status IN ('to-qualify', 'keep', 'ignore', 'qualified')),
  -- The rule that it became.
  rule text,
  first_at timestamptz NOT NULL DEFAULT mxflow_now(),
  last_at timestamptz NOT NULL DEFAULT mxflow_now()
);
CREATE INDEX unmatched_texts_status ON unmatched_texts (status, hits DESC);

-- What the delivery log says of a failure besides its reason.
ALTER TABLE delivery_log ADD COLUMN failure_detail text;
ALTER TABLE delivery_log ADD COLUMN rule text;

-- Messages that a mail has told of after they were sent, one row each: a second bounce changes nothing.
CREATE TABLE bounced_messages (
  message_id bigint NOT NULL,
  -- Each once: a complaint may follow a failure.
  kind text NOT NULL CHECK (kind IN ('failed', 'complaint', 'unsubscribe')),
  mail_id bigint,
  at timestamptz NOT NULL DEFAULT mxflow_now(),
  PRIMARY KEY (message_id, kind)
);

-- Who has left a list: messages of jobs that were accepted before are not sent any more. Later jobs are upstream's.
CREATE TABLE unsubscribes (
  address text NOT NULL,
  tenant_id integer NOT NULL,
  -- The job's list id, or the address in its From where it names no list.
  list text NOT NULL,
  at timestamptz NOT NULL DEFAULT mxflow_now(),
  PRIMARY KEY (address, tenant_id, list)
);
CREATE INDEX unsubscribes_at ON unsubscribes (at);

-- Mail that came to the return-path domains: stored before it is answered 250.
CREATE TABLE inbound_mails (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT mxflow_now(),
  -- smtp, pop3, imap.
  came_by text NOT NULL,
  -- What a mailbox calls it, so that it is fetched once.
  mailbox_uid text UNIQUE,
  peer text,
  mail_from text NOT NULL,
  rcpt_to text NOT NULL,
  raw bytea,
  octets integer NOT NULL,
  -- Null: to be processed.
  processed_at timestamptz,
  processor uuid,
  processor_until timestamptz,
  tries integer NOT NULL DEFAULT 0,
  -- bounce, delayed, complaint, auto-reply, unsubscribe, ordinary, forged, stale, not-ours, unparsed.
  outcome text,
  because text,
  message_id bigint
);
CREATE INDEX inbound_mails_waiting ON inbound_mails (id) WHERE processed_at IS NULL;
CREATE INDEX inbound_mails_at ON inbound_mails (at);
