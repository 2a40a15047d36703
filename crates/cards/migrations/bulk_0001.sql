-- Files of units that apply for their people, one row a file; the content lies encrypted in a file.
CREATE TABLE bulk_job (
    id BIGINT PRIMARY KEY,
    org_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    account_name TEXT NOT NULL,
    account_role TEXT NOT NULL,
    division TEXT NOT NULL,
    unit TEXT NOT NULL,
    file_name TEXT NOT NULL,
    file_size BIGINT NOT NULL,
    file_kept BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    lines BIGINT NOT NULL,
    done BIGINT NOT NULL,
    sets BIGINT NOT NULL,
    counts TEXT NOT NULL,
    found TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX bulk_job_org ON bulk_job (org_id, id);
CREATE INDEX bulk_job_state ON bulk_job (state);

-- What became of the lines, set by set: the key lets each set in once, so that no crash and no second
-- worker does a line twice.
CREATE TABLE bulk_set (
    job_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    outcomes TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
);

-- Which file a card was applied for with.
CREATE TABLE bulk_card (
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    PRIMARY KEY (person_id, card_id)
);
