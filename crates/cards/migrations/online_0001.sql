-- An application sent from a phone by somebody who has no card and no account yet. What he wrote is
-- sealed, and erased when it is decided or lapses. The reference is known to him alone.
CREATE TABLE online_application (
    id BIGINT PRIMARY KEY,
    reference BYTEA NOT NULL UNIQUE,
    outlet_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    -- Keyed digests: of the phone, to limit messages to it; of number and name, to find a second one.
    phone BYTEA NOT NULL,
    who BYTEA NOT NULL,
    code BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    decided_at BIGINT,
    person_id BIGINT,
    reason TEXT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (state IN ('unconfirmed', 'waiting', 'accepted', 'refused', 'lapsed'))
);
-- One at a time for each person.
CREATE UNIQUE INDEX online_application_who ON online_application (who) WHERE state = 'waiting';
CREATE INDEX online_application_outlet ON online_application (outlet_id, made_at)
    WHERE state = 'waiting';
CREATE INDEX online_application_phone ON online_application (phone, made_at);
CREATE INDEX online_application_old ON online_application (state, made_at);
