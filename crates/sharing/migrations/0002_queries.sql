-- An answer is kept sealed for a day, so that a question sent twice is one question.
CREATE TABLE share_request (
    agreement_id BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    sealed BYTEA,
    at BIGINT NOT NULL,
    PRIMARY KEY (agreement_id, request_id)
);
CREATE INDEX share_request_at ON share_request (at) WHERE sealed IS NOT NULL;

CREATE TABLE share_volume (
    agreement_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (agreement_id, day)
);

-- Who was asked about, for the brakes on bulk reading and the report on drift of purpose.
CREATE TABLE share_read (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    agreement_id BIGINT NOT NULL,
    case_no TEXT NOT NULL,
    officer TEXT NOT NULL,
    hour BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);
CREATE INDEX share_read_agreement ON share_read (agreement_id, at);
CREATE INDEX share_read_seen ON share_read (person_id, agreement_id);

-- Canary persons, who exist for nobody's work, and people whose data needs a second look.
CREATE TABLE share_marked (
    person_id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    by_account BIGINT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE share_alert (
    id BIGINT PRIMARY KEY,
    agreement_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    case_no TEXT NOT NULL,
    officer TEXT NOT NULL,
    persons BIGINT NOT NULL,
    answered BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    seen_by TEXT NOT NULL,
    seen_at BIGINT,
    comment TEXT NOT NULL
);

CREATE TABLE share_batch (
    id BIGINT PRIMARY KEY,
    agreement_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    account_name TEXT NOT NULL,
    org_id BIGINT NOT NULL,
    ask TEXT NOT NULL,
    input BYTEA,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    state TEXT NOT NULL,
    problem TEXT NOT NULL,
    wrapped BYTEA,
    body BYTEA,
    at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX share_batch_open ON share_batch (id) WHERE state = 'open';
