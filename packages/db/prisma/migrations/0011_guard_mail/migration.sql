-- Of the addresses that the guard let quarantine, those that mail told of: what comes all at once has a limit of its own.
ALTER TABLE guard_effects ADD COLUMN mailed integer NOT NULL DEFAULT 0;
