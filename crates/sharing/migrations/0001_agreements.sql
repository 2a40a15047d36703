-- One row for each version of an agreement; the version in force on a day is the newest published
-- one that has begun and has not ended (Art. 18).
CREATE TABLE share_agreement (
    id BIGINT PRIMARY KEY,
    agreement_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    org_id BIGINT NOT NULL,
    item TEXT NOT NULL,
    matter TEXT NOT NULL,
    purpose_code TEXT NOT NULL,
    purpose TEXT NOT NULL,
    basis TEXT NOT NULL,
    fields TEXT NOT NULL,
    from_on TEXT NOT NULL,
    until_on TEXT NOT NULL,
    per_day BIGINT NOT NULL,
    keep_days BIGINT NOT NULL,
    level BIGINT NOT NULL,
    recipient_key BYTEA,
    push_url TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_by BIGINT NOT NULL,
    assessed_by BIGINT,
    first_by BIGINT,
    second_by BIGINT,
    review_on TEXT,
    version BIGINT NOT NULL,
    UNIQUE (agreement_id, number),
    CHECK (assessed_by <> asked_by),
    CHECK (first_by <> asked_by),
    CHECK (second_by <> asked_by),
    CHECK (first_by <> assessed_by),
    CHECK (second_by <> assessed_by),
    CHECK (second_by <> first_by),
    CHECK (state <> 'published' OR (assessed_by IS NOT NULL AND first_by IS NOT NULL
                                    AND second_by IS NOT NULL))
);
CREATE INDEX share_agreement_org ON share_agreement (org_id, id);

-- What happened to a version, line by line.
CREATE TABLE share_step (
    id BIGINT PRIMARY KEY,
    version_id BIGINT NOT NULL,
    step TEXT NOT NULL,
    by_account BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    comment TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX share_step_version ON share_step (version_id, id);

-- The personal-information impact assessment, sealed with the field key and bound to its version.
CREATE TABLE share_assessment (
    version_id BIGINT PRIMARY KEY,
    media TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    sealed BYTEA NOT NULL
);

-- The account of the department's program under an agreement.
CREATE TABLE share_program (
    agreement_id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL UNIQUE
);
