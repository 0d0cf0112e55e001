-- A connection whose end nobody can prove belongs to no epoch any more (0), and is counted until then.
ALTER TABLE slots ADD COLUMN lost_until timestamptz;
CREATE INDEX slots_lost ON slots (lost_until) WHERE lost_until IS NOT NULL;
