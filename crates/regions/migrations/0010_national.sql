-- What the national platforms are told (Art. 23): the newest of each person, as a sealed line.
CREATE TABLE national_report (
    id BIGINT PRIMARY KEY,
    person_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    sealed TEXT NOT NULL,
    batch TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT '',
    made_at BIGINT NOT NULL,
    told_at BIGINT,
    CHECK (kind IN ('card', 'e-card'))
);
CREATE INDEX national_report_waiting ON national_report (batch, id) WHERE result = '';

-- Digest of what was last told of a person, so that the same is not told twice.
CREATE TABLE national_told (
    person_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (person_id, kind)
);

-- How far the journal was read, the way's failures in a row, and whether it answers questions.
CREATE TABLE national_way (
    id BIGINT PRIMARY KEY,
    next_leaf BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    last_ok_at BIGINT,
    online BOOLEAN NOT NULL
);
INSERT INTO national_way (id, next_leaf, failures, next_at, online) VALUES (1, 0, 0, 0, FALSE);
