-- Freezes of a person's card (Art. 20). Several stack; a row is in force until it is lifted, and lifting
-- is always an act on record: a lapse too is written down by the platform. Instants are UTC microseconds.
CREATE TABLE person_freeze (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    item TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    evidence TEXT NOT NULL,
    mass_id BIGINT NOT NULL,
    alert_id BIGINT,
    division TEXT NOT NULL,
    by_account BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    look_by BIGINT,
    overdue_told BOOLEAN NOT NULL,
    looked_at BIGINT,
    looked_by BIGINT,
    looked_name TEXT NOT NULL,
    look_note TEXT NOT NULL,
    ends_at BIGINT,
    lifted_at BIGINT,
    lifted_by BIGINT,
    lifted_name TEXT NOT NULL,
    proof TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (scope IN ('all', 'money', 'identity', 'item')),
    CHECK ((scope = 'item') = (item <> '')),
    -- The second look is never the first one's own (Art. 25).
    CHECK (looked_by IS NULL OR looked_by <> by_account)
);
-- What verification, status lists and payments ask: the few rows that are in force, by person.
CREATE INDEX person_freeze_live ON person_freeze (person_id, scope) WHERE lifted_at IS NULL;
-- Tapping twice freezes once; several people and several sources stack.
CREATE UNIQUE INDEX person_freeze_once
    ON person_freeze (person_id, source, scope, item, mass_id, by_account) WHERE lifted_at IS NULL;
CREATE INDEX person_freeze_look ON person_freeze (look_by)
    WHERE lifted_at IS NULL AND looked_at IS NULL;
CREATE INDEX person_freeze_end ON person_freeze (ends_at) WHERE lifted_at IS NULL;
CREATE INDEX person_freeze_mass ON person_freeze (mass_id, id) WHERE mass_id > 0;
CREATE INDEX person_freeze_id ON person_freeze (id);
