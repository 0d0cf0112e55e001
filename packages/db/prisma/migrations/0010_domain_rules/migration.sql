-- Rules over recipients' domains: an ordered list, the first whose mask matches holds. Local rules stand before the others.
CREATE TABLE domain_rules (
  id text PRIMARY KEY,
  position integer NOT NULL,
  mask text NOT NULL,
  action text NOT NULL CHECK (action IN ('no-mail', 'deliver')),
  note text,
  origin text NOT NULL CHECK (origin IN ('bundled', 'pulled', 'local')),
  enabled boolean NOT NULL DEFAULT true
);
