-- What the registry knows of a terminal beside its place and items (Art. 15).
ALTER TABLE terminal ADD COLUMN kind TEXT NOT NULL DEFAULT 'reader';
ALTER TABLE terminal ADD COLUMN channel TEXT NOT NULL DEFAULT 'counter';
ALTER TABLE terminal ADD COLUMN division TEXT NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN operator TEXT NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN latitude BIGINT;
ALTER TABLE terminal ADD COLUMN longitude BIGINT;
ALTER TABLE terminal ADD COLUMN blocked_why TEXT NOT NULL DEFAULT '';
-- Enrolment by a code that is good once; the key that the terminal proves itself with.
ALTER TABLE terminal ADD COLUMN enrol_digest BYTEA;
ALTER TABLE terminal ADD COLUMN enrol_until BIGINT;
ALTER TABLE terminal ADD COLUMN key BYTEA;
ALTER TABLE terminal ADD COLUMN token_until BIGINT;
-- What it said last.
ALTER TABLE terminal ADD COLUMN firmware TEXT NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN seen_at BIGINT;
ALTER TABLE terminal ADD COLUMN skew_s BIGINT NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN keys_serial BIGINT NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN status_serial BIGINT NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN status_issued_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN waiting BIGINT NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN faults TEXT NOT NULL DEFAULT '';
-- How far its journal is uploaded, and the link of the last line.
ALTER TABLE terminal ADD COLUMN journal_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN journal_link BYTEA;
CREATE INDEX terminal_org ON terminal (org_id);
CREATE UNIQUE INDEX terminal_enrol ON terminal (enrol_digest) WHERE enrol_digest IS NOT NULL;

-- The uploaded journal of terminals that were without a network, each line as it came.
CREATE TABLE terminal_journal (
    terminal_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    item_code TEXT NOT NULL,
    result TEXT NOT NULL,
    code_digest BYTEA NOT NULL,
    judged TEXT NOT NULL,
    use_id BIGINT,
    PRIMARY KEY (terminal_id, seq)
);

-- What must not be: one code taken twice by terminals without a network, or a yes that does not hold.
CREATE TABLE terminal_alarm (
    id BIGINT PRIMARY KEY,
    terminal_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    person_id BIGINT,
    item_code TEXT NOT NULL,
    at BIGINT NOT NULL,
    text TEXT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX terminal_alarm_open ON terminal_alarm (id) WHERE closed_at IS NULL;
