-- What a deliverability instance owns: its published rule sets, the draft of the next one, and who may come for them.

-- Published rule sets. None is ever changed or deleted: sql/15-hub-versions.sql sees to it.
CREATE TABLE hub_versions (
  version integer PRIMARY KEY CHECK (version >= 1),
  -- The document as it is signed, to the octet.
  document text NOT NULL,
  note text NOT NULL,
  published_at timestamptz NOT NULL,
  -- The name of the key that published it.
  published_by text NOT NULL,
  sha256 bytea NOT NULL
);

-- One row: the rule set that is worked on.
CREATE TABLE hub_draft (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  content text NOT NULL,
  -- Rises with every change and with every version that is published of it.
  revision bigint NOT NULL DEFAULT 1,
  based_on integer NOT NULL REFERENCES hub_versions,
  changed_at timestamptz NOT NULL DEFAULT mxflow_now(),
  changed_by text NOT NULL
);

-- Who may come: clients pull and report, editors do all.
CREATE TABLE hub_keys (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('client', 'editor')),
  -- SHA-256 of the key, which has 256 random bits: a slow hash would add nothing.
  sha256 bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT mxflow_now(),
  revoked_at timestamptz,
  -- When it last came for the newest version, and which that was.
  last_pull_at timestamptz,
  last_version integer
);
-- A key that is replaced hands its name on.
CREATE UNIQUE INDEX hub_keys_name ON hub_keys (name) WHERE revoked_at IS NULL;

-- Texts that no rule of a client matched, without what differs from one to the next.
CREATE TABLE hub_unmatched (
  sha256 bytea PRIMARY KEY,
  text text NOT NULL,
  looks_at text NOT NULL CHECK (looks_at IN ('reply', 'diagnostic', 'body')),
  reply_code integer,
  enhanced_status text,
  mx_host text,
  -- Over all clients: the sum of hub_unmatched_hits.
  hits bigint NOT NULL,
  clients integer NOT NULL,
  status text NOT NULL DEFAULT 'to-qualify' CHECK (status IN ('to-qualify', 'keep', 'ignore', 'qualified')),
  -- The bounce rule that it became.
  rule text,
  first_at timestamptz NOT NULL DEFAULT mxflow_now(),
  last_at timestamptz NOT NULL DEFAULT mxflow_now()
);
CREATE INDEX hub_unmatched_page ON hub_unmatched (status, hits DESC, sha256);

-- What each client has counted so far, by the name of its key: a report that comes twice counts once.
CREATE TABLE hub_unmatched_hits (
  client text NOT NULL,
  sha256 bytea NOT NULL REFERENCES hub_unmatched ON DELETE CASCADE,
  hits bigint NOT NULL,
  PRIMARY KEY (client, sha256)
);
CREATE INDEX hub_unmatched_hits_text ON hub_unmatched_hits (sha256);

-- What editors did, and who was turned away.
CREATE TABLE hub_audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key_name text,
  action text NOT NULL,
  subject text,
  outcome text NOT NULL,
  at timestamptz NOT NULL DEFAULT mxflow_now()
);
