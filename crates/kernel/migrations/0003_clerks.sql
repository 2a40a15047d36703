-- The day's work of a clerk, without weighing on the entries of terminals.
CREATE INDEX journal_entry_clerk ON journal_entry (actor_id, id) WHERE actor_role IN ('clerk', 'outlet-manager');
