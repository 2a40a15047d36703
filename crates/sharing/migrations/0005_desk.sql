-- Single questions that officers ask on the page; one that the brake stops waits for a colleague.
CREATE TABLE share_desk (
    id BIGINT PRIMARY KEY,
    agreement_id BIGINT NOT NULL,
    org_id BIGINT NOT NULL,
    -- The question, sealed and bound to the id; erased with the answer after a day.
    sealed BYTEA,
    asked_by BIGINT NOT NULL,
    asked_name TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    case_no TEXT NOT NULL,
    state TEXT NOT NULL,
    second_by BIGINT,
    second_at BIGINT,
    CHECK (state IN ('waiting', 'answered', 'declined', 'lapsed')),
    CHECK (second_by IS NULL OR second_by <> asked_by)
);
CREATE INDEX share_desk_org ON share_desk (org_id, state, asked_at);
