-- A case (Art. 24-27). What tells of people is sealed; a reporter's name under a key of its own.
CREATE TABLE conduct_case (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    -- Digest of the reporter's follow-up code; empty when there is none.
    code BYTEA NOT NULL,
    source TEXT NOT NULL,
    -- kind:id of the thing it comes from; empty for reports.
    origin TEXT NOT NULL,
    clause TEXT NOT NULL,
    division TEXT NOT NULL,
    words BYTEA NOT NULL,
    reported_at BIGINT NOT NULL,
    -- Keyed mark of a reporter who could also be a handler; empty else.
    reporter_mark BYTEA NOT NULL,
    identity BYTEA,
    -- What the reporter is told on the page of his code.
    said BYTEA,
    state TEXT NOT NULL,
    duplicate_of BIGINT,
    party TEXT NOT NULL,
    respondent BYTEA,
    person_id BIGINT,
    account_id BIGINT,
    org_id BIGINT,
    head BOOLEAN NOT NULL,
    investigator BIGINT,
    investigator_name TEXT NOT NULL,
    decider BIGINT,
    decider_name TEXT NOT NULL,
    reviewer BIGINT,
    reviewer_name TEXT NOT NULL,
    notice BYTEA,
    reply BYTEA,
    evidence BIGINT NOT NULL,
    due TEXT,
    state_since BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (state IN ('reported', 'duplicate', 'not-ours', 'investigating', 'notified', 'heard',
                     'proposed', 'decided', 'appealed', 'final', 'fallen', 'closed')),
    CHECK (decider IS NULL OR investigator IS NULL OR decider <> investigator),
    CHECK (reviewer IS NULL OR investigator IS NULL OR reviewer <> investigator),
    CHECK (reviewer IS NULL OR decider IS NULL OR reviewer <> decider),
    -- Nobody handles a case about himself.
    CHECK (account_id IS NULL OR investigator IS NULL OR account_id <> investigator),
    CHECK (account_id IS NULL OR decider IS NULL OR account_id <> decider),
    CHECK (account_id IS NULL OR reviewer IS NULL OR account_id <> reviewer)
);
CREATE UNIQUE INDEX conduct_case_origin ON conduct_case (origin) WHERE origin <> '';
CREATE INDEX conduct_case_state ON conduct_case (state, division, id);
CREATE INDEX conduct_case_person ON conduct_case (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX conduct_case_account ON conduct_case (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX conduct_case_org ON conduct_case (org_id) WHERE org_id IS NOT NULL;

-- Who had which hand in a case, for good: one account has one.
CREATE TABLE conduct_hand (
    case_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    hand TEXT NOT NULL,
    PRIMARY KEY (case_id, account_id)
);

CREATE TABLE conduct_step (
    case_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    act TEXT NOT NULL,
    state TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    words BYTEA,
    PRIMARY KEY (case_id, id)
);

-- A piece of evidence; its digest is in the journal entry too.
CREATE TABLE conduct_evidence (
    case_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    title BYTEA NOT NULL,
    media TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    entry_id BIGINT NOT NULL,
    taken_by BIGINT NOT NULL,
    taken_name TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, id)
);
CREATE TABLE conduct_evidence_content (
    case_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (case_id, id)
);

-- Proposals and decisions, one a round.
CREATE TABLE conduct_decision (
    case_id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    clause TEXT NOT NULL,
    -- The version of the regulation in force on the day of the decision, and its words.
    regulation TEXT NOT NULL,
    basis TEXT NOT NULL,
    serious BOOLEAN NOT NULL,
    other_law TEXT NOT NULL,
    authority TEXT NOT NULL,
    correct_by TEXT,
    reasons BYTEA NOT NULL,
    proposed_by BIGINT NOT NULL,
    proposed_at BIGINT NOT NULL,
    decided_by BIGINT,
    decided_at BIGINT,
    reviewed_by BIGINT,
    reviewed_at BIGINT,
    PRIMARY KEY (case_id, round),
    CHECK (state IN ('proposed', 'returned', 'decided', 'upheld', 'overturned', 'remanded')),
    CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CHECK (reviewed_by IS NULL OR (reviewed_by <> proposed_by AND reviewed_by <> decided_by)),
    CHECK (state NOT IN ('decided', 'upheld', 'overturned', 'remanded') OR decided_by IS NOT NULL)
);

-- Officers who may open reporters' names; nobody names himself.
CREATE TABLE conduct_protection (
    account_id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    named_by BIGINT NOT NULL,
    named_at BIGINT NOT NULL,
    CHECK (named_by <> account_id)
);

-- only: sqlite
CREATE TRIGGER conduct_hand_keep_u BEFORE UPDATE ON conduct_hand BEGIN SELECT RAISE(ABORT, 'hands are kept'); END;
CREATE TRIGGER conduct_hand_keep_d BEFORE DELETE ON conduct_hand BEGIN SELECT RAISE(ABORT, 'hands are kept'); END;
CREATE TRIGGER conduct_step_keep_u BEFORE UPDATE ON conduct_step BEGIN SELECT RAISE(ABORT, 'steps are kept'); END;
CREATE TRIGGER conduct_step_keep_d BEFORE DELETE ON conduct_step BEGIN SELECT RAISE(ABORT, 'steps are kept'); END;
-- end
-- only: postgres
CREATE FUNCTION conduct_keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hands and steps are kept''; END';
CREATE TRIGGER conduct_hand_keep BEFORE UPDATE OR DELETE ON conduct_hand FOR EACH ROW EXECUTE FUNCTION conduct_keep();
CREATE TRIGGER conduct_step_keep BEFORE UPDATE OR DELETE ON conduct_step FOR EACH ROW EXECUTE FUNCTION conduct_keep();
-- end
