-- What civil affairs, public security and others report of a person: it proposes, a clerk confirms.
CREATE TABLE life_event (
    id BIGINT PRIMARY KEY,
    source BIGINT NOT NULL,
    source_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    day TEXT NOT NULL,
    detail TEXT NOT NULL,
    person_id BIGINT,
    name_fits BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    decided_by BIGINT,
    decided_at BIGINT,
    comment TEXT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX life_event_state ON life_event (state, id);
