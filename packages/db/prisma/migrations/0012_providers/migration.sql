-- All sites whose MX hosts lie under one registrable domain: the guard watches them together, besides each alone. They are
-- numbered with the sites, so that what is guarded has one number, whichever it is.
CREATE TABLE providers (
  id integer PRIMARY KEY DEFAULT nextval('sites_id_seq'),
  name text NOT NULL UNIQUE
);
-- Null: none, or not worked out yet. It is when a domain of the site is resolved.
ALTER TABLE sites ADD COLUMN provider_id integer REFERENCES providers;
CREATE INDEX sites_provider ON sites (provider_id) WHERE provider_id IS NOT NULL;
