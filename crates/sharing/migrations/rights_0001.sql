-- What a person asks of the platform about his own data (PIPL 44 to 49), and what was answered.
CREATE TABLE rights_request (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    words TEXT NOT NULL,
    asked_by BIGINT NOT NULL,
    asked_name TEXT NOT NULL,
    asked_as TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    due TEXT NOT NULL,
    state TEXT NOT NULL,
    taken_by BIGINT,
    taken_name TEXT NOT NULL,
    answer TEXT NOT NULL,
    ground TEXT NOT NULL,
    answered_by BIGINT,
    answered_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (kind IN ('copy', 'correction', 'deletion', 'restriction', 'explanation')),
    CHECK (state IN ('asked', 'taken', 'granted', 'refused', 'withdrawn')),
    CHECK (answered_by IS NULL OR answered_by <> asked_by)
);
CREATE UNIQUE INDEX rights_request_id ON rights_request (id);
CREATE INDEX rights_request_open ON rights_request (state, due);

-- Who wants a message each month about who saw his data, and for which month he has it.
CREATE TABLE rights_digest (
    person_id BIGINT PRIMARY KEY,
    told_month TEXT NOT NULL
);
