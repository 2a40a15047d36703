-- A merged record stays as it was and leads to the one that lives on (Art. 5). Only the number
-- directory is turned; evidence, history and representatives are read over all records of a person.
ALTER TABLE person ADD COLUMN merged_into BIGINT;
CREATE INDEX person_merged ON person (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX person_ground_end ON person (ground_until) WHERE ground_until IS NOT NULL;
-- The same index finds a name, and duplicates by name and birth; the other a phone, and both.
DROP INDEX person_name;
CREATE INDEX person_name ON person (name, birth);
DROP INDEX person_phone;
CREATE INDEX person_phone ON person (phone, name);

-- All numbers of a person over time; the current one is also in the record itself.
ALTER TABLE person_number ADD COLUMN is_current BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE person_number ADD COLUMN document TEXT NOT NULL DEFAULT '';
ALTER TABLE person_number ADD COLUMN from_on TEXT;
ALTER TABLE person_number ADD COLUMN until_on TEXT;
ALTER TABLE person_number ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE INDEX person_number_person ON person_number (person_id);

CREATE TABLE person_history (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    field TEXT NOT NULL,
    old_value TEXT NOT NULL,
    new_value TEXT NOT NULL,
    from_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence_id BIGINT,
    by_account BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);

CREATE TABLE person_evidence (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    media TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    taken_by BIGINT NOT NULL,
    taken_by_name TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    keep_until TEXT NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (person_id, id)
);
CREATE INDEX person_evidence_due ON person_evidence (keep_until) WHERE removed_at IS NULL;

-- Sealed with the field key, bound to person and id; gone when its days are over.
CREATE TABLE person_evidence_content (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (person_id, id)
);

CREATE TABLE representative (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    relation TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    number TEXT NOT NULL,
    document TEXT NOT NULL,
    phone TEXT NOT NULL,
    evidence_id BIGINT NOT NULL,
    from_on TEXT NOT NULL,
    until_on TEXT NOT NULL,
    by_account BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT,
    PRIMARY KEY (person_id, id)
);
CREATE INDEX representative_number ON representative (number);

CREATE TABLE family_link (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    relative_id BIGINT NOT NULL,
    relation TEXT NOT NULL,
    as_guardian BOOLEAN NOT NULL,
    live BOOLEAN NOT NULL,
    asked_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    ended_at BIGINT,
    ended_by BIGINT,
    PRIMARY KEY (person_id, id)
);
CREATE UNIQUE INDEX family_link_live ON family_link (person_id, relative_id) WHERE live;
CREATE INDEX family_link_relative ON family_link (relative_id);

CREATE TABLE person_duplicate (
    id BIGINT PRIMARY KEY,
    low_id BIGINT NOT NULL,
    high_id BIGINT NOT NULL,
    ground TEXT NOT NULL,
    state TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    note TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at BIGINT,
    version BIGINT NOT NULL,
    UNIQUE (low_id, high_id)
);
CREATE INDEX person_duplicate_open ON person_duplicate (state, id);

CREATE TABLE person_merge (
    id BIGINT PRIMARY KEY,
    merged_id BIGINT NOT NULL,
    survivor_id BIGINT NOT NULL,
    numbers TEXT NOT NULL,
    at BIGINT NOT NULL,
    undone_at BIGINT
);
CREATE INDEX person_merge_merged ON person_merge (merged_id);

CREATE TABLE duplicate_scan (
    id BIGINT PRIMARY KEY,
    after_id BIGINT NOT NULL
);
INSERT INTO duplicate_scan (id, after_id) VALUES (1, 0);

-- The form of Art. 12 as it was signed.
CREATE TABLE person_form (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    text_version TEXT NOT NULL,
    fields TEXT NOT NULL,
    signature_id BIGINT NOT NULL,
    assisted TEXT NOT NULL,
    assisted_by TEXT NOT NULL,
    signed_on TEXT NOT NULL,
    by_account BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);

CREATE TABLE entitlement (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    ground TEXT NOT NULL,
    from_on TEXT NOT NULL,
    until_on TEXT,
    reason TEXT NOT NULL,
    evidence_id BIGINT NOT NULL,
    by_account BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);
