-- The timeline of Postgres on which slots and tokens were last granted. Another one means that a replica has taken over,
-- perhaps without what was granted last.
ALTER TABLE instance ADD COLUMN timeline text;
ALTER TABLE instance ADD COLUMN no_slots_until timestamptz;
-- For how long connections are held whose end nobody can prove: the dispatcher's setting.
ALTER TABLE instance ADD COLUMN lost_slot_hold interval NOT NULL DEFAULT '10 minutes';
