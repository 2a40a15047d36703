-- What goes to the public credit platform (Art. 26), from the notice to its repair or end.
CREATE TABLE conduct_credit (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    case_id BIGINT NOT NULL UNIQUE,
    clause TEXT NOT NULL,
    state TEXT NOT NULL,
    objection BYTEA,
    answer BYTEA,
    repair BYTEA,
    decided_by BIGINT,
    -- Account of whoever decided the case: he does not decide the objection.
    case_decider BIGINT,
    -- Last day to object; once submitted, last day that it counts.
    due TEXT NOT NULL,
    submitted_on TEXT,
    receipt TEXT NOT NULL,
    noticed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (state IN ('noticed', 'objected', 'ready', 'submitted', 'repair-asked', 'withdrawing',
                     'repairing', 'expiring', 'dropped', 'withdrawn', 'repaired', 'expired')),
    CHECK (decided_by IS NULL OR case_decider IS NULL OR decided_by <> case_decider)
);
CREATE INDEX conduct_credit_state ON conduct_credit (state, due);
CREATE UNIQUE INDEX conduct_credit_id ON conduct_credit (id);
