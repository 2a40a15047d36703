-- One matter from any channel (Art. 22). The reference is the secret by which a stranger follows it.
CREATE TABLE complaint (
    id BIGINT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    field TEXT NOT NULL,
    division TEXT NOT NULL,
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    about_kind TEXT NOT NULL,
    about_id TEXT NOT NULL,
    person_id BIGINT,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    opened_by BIGINT,
    against BIGINT,
    against_org BIGINT,
    state TEXT NOT NULL,
    org_id BIGINT,
    sensitive BOOLEAN NOT NULL,
    opened_at BIGINT NOT NULL,
    due_on TEXT NOT NULL,
    extended BOOLEAN NOT NULL,
    escalated BOOLEAN NOT NULL,
    appealed BOOLEAN NOT NULL,
    reminded BOOLEAN NOT NULL,
    answered_at BIGINT,
    answered_by BIGINT,
    answered_org BIGINT,
    closed_at BIGINT,
    outcome TEXT NOT NULL,
    answer TEXT NOT NULL,
    score BIGINT,
    score_words TEXT NOT NULL,
    merged_into BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX complaint_person ON complaint (person_id, id);
CREATE INDEX complaint_org ON complaint (org_id, state, due_on);
CREATE INDEX complaint_state ON complaint (state, due_on);
CREATE INDEX complaint_merged ON complaint (merged_into);

CREATE TABLE complaint_event (
    complaint_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    act TEXT NOT NULL,
    by_role TEXT NOT NULL,
    by_account BIGINT,
    note TEXT NOT NULL,
    PRIMARY KEY (complaint_id, version)
);

-- Who may see a sensitive matter.
CREATE TABLE complaint_named (
    complaint_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    PRIMARY KEY (complaint_id, account_id)
);

-- Which organisation answers for a field and a place; empty means all.
CREATE TABLE complaint_route (
    field TEXT NOT NULL,
    division TEXT NOT NULL,
    org_id BIGINT NOT NULL,
    PRIMARY KEY (field, division)
);

-- Versions of the calendar of working days; each is whole.
CREATE TABLE care_calendar (
    version BIGINT PRIMARY KEY,
    made_at BIGINT NOT NULL,
    days TEXT NOT NULL,
    approval_id BIGINT NOT NULL UNIQUE
);
CREATE TABLE care_calendar_proposal (
    approval_id BIGINT PRIMARY KEY,
    days TEXT NOT NULL
);
