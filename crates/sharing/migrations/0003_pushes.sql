-- Whose changes a department is told of; what it was told last, sealed.
CREATE TABLE share_watch (
    person_id BIGINT NOT NULL,
    agreement_id BIGINT NOT NULL,
    fields TEXT NOT NULL,
    last_sealed BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (person_id, agreement_id)
);

-- How far the journal was looked through.
CREATE TABLE share_push_cursor (
    id BIGINT PRIMARY KEY,
    next_leaf BIGINT NOT NULL
);
INSERT INTO share_push_cursor (id, next_leaf) VALUES (1, 0);

-- One change for one department. The body is erased when it was taken.
CREATE TABLE share_push (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    agreement_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    sealed BYTEA,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    said TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    UNIQUE (person_id, agreement_id, seq)
);
CREATE INDEX share_push_open ON share_push (state, next_at) WHERE state <> 'sent';
