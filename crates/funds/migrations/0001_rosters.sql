-- A programme as it is in force: what all rules ask for stands in columns, the rest in the body (JSON).
CREATE TABLE programme (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    kind TEXT NOT NULL,
    department BIGINT NOT NULL,
    conflicts TEXT NOT NULL,
    public_days BIGINT NOT NULL,
    two_above_fen BIGINT NOT NULL,
    max_line_fen BIGINT NOT NULL,
    per TEXT NOT NULL,
    state TEXT NOT NULL,
    from_day TEXT NOT NULL,
    body TEXT NOT NULL,
    CHECK (per IN ('person', 'household')),
    CHECK (state IN ('draft', 'open', 'closed')),
    CHECK (public_days >= 0 AND two_above_fen >= 0 AND max_line_fen > 0)
);

-- Versions are never changed once decided; the maker never decides (Art. 25).
CREATE TABLE programme_version (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL,
    version BIGINT NOT NULL,
    department BIGINT NOT NULL,
    from_day TEXT NOT NULL,
    closes BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    decided_by BIGINT,
    decided_name TEXT NOT NULL,
    decided_at BIGINT,
    comment TEXT NOT NULL,
    applied BOOLEAN NOT NULL,
    UNIQUE (code, version),
    CHECK (state IN ('proposed', 'confirmed', 'rejected')),
    CHECK (decided_by IS NULL OR decided_by <> made_by),
    CHECK ((state = 'proposed') = (decided_by IS NULL))
);
CREATE UNIQUE INDEX programme_version_proposed ON programme_version (code) WHERE state = 'proposed';
CREATE INDEX programme_version_due ON programme_version (from_day) WHERE state = 'confirmed' AND NOT applied;

-- A list of people and amounts for one period. Lines and fen are those that are to be paid.
CREATE TABLE roster (
    id BIGINT PRIMARY KEY,
    programme_id BIGINT NOT NULL REFERENCES programme (id),
    programme_version BIGINT NOT NULL,
    period TEXT NOT NULL,
    division TEXT NOT NULL,
    org_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    stopped_from TEXT NOT NULL,
    stopped_by BIGINT,
    round BIGINT NOT NULL,
    declared_lines BIGINT NOT NULL,
    declared_fen BIGINT NOT NULL,
    entered_lines BIGINT NOT NULL,
    entered_fen BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    bad BIGINT NOT NULL,
    warned BIGINT NOT NULL,
    submitted_at BIGINT,
    acknowledged TEXT NOT NULL,
    notice_until BIGINT,
    made_by BIGINT NOT NULL,
    made_name TEXT NOT NULL,
    made_role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (state IN ('entered', 'checked', 'reviewed', 'noticed', 'approved', 'released', 'stopped', 'withdrawn')),
    CHECK (lines >= 0 AND fen >= 0)
);
CREATE INDEX roster_programme ON roster (programme_id, period);
CREATE INDEX roster_state ON roster (state, id);
CREATE INDEX roster_org ON roster (org_id, id);

-- A line. Name and number stand in it only sealed, and only as long as the line is bad.
CREATE TABLE roster_line (
    roster_id BIGINT NOT NULL REFERENCES roster (id),
    line BIGINT NOT NULL,
    person_id BIGINT,
    card_id BIGINT,
    bank_id BIGINT,
    amount_fen BIGINT NOT NULL,
    quantity BIGINT,
    household BYTEA,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    warn TEXT NOT NULL,
    sealed BYTEA,
    PRIMARY KEY (roster_id, line),
    CHECK (state IN ('good', 'bad', 'objected', 'struck')),
    CHECK (state <> 'good' OR (person_id IS NOT NULL AND card_id IS NOT NULL AND bank_id IS NOT NULL AND amount_fen > 0))
);
CREATE INDEX roster_line_person ON roster_line (person_id, roster_id) WHERE person_id IS NOT NULL;
CREATE INDEX roster_line_household ON roster_line (household, roster_id) WHERE household IS NOT NULL;
CREATE INDEX roster_line_state ON roster_line (roster_id, state, line);

-- Whoever laid a hand on a roster did one step of it and does no other, in any round (Art. 25).
CREATE TABLE roster_hand (
    roster_id BIGINT NOT NULL REFERENCES roster (id),
    account BIGINT NOT NULL,
    step TEXT NOT NULL,
    PRIMARY KEY (roster_id, account),
    UNIQUE (roster_id, account, step),
    CHECK (step IN ('entered', 'reviewed', 'approved', 'approved-second'))
);
CREATE TABLE roster_step (
    roster_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    step TEXT NOT NULL,
    yes BOOLEAN NOT NULL,
    account BIGINT NOT NULL,
    comment TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (roster_id, id),
    FOREIGN KEY (roster_id, account, step) REFERENCES roster_hand (roster_id, account, step)
);
CREATE UNIQUE INDEX roster_step_once ON roster_step (roster_id, round, step) WHERE yes AND step <> 'entered';

-- What happened to a roster, in order, as its page shows it.
CREATE TABLE roster_event (
    roster_id BIGINT NOT NULL REFERENCES roster (id),
    id BIGINT NOT NULL,
    act TEXT NOT NULL,
    by_name TEXT NOT NULL,
    org_id BIGINT,
    note TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (roster_id, id)
);

-- Work in the background: a file to be read, or lines to be checked; where it stands survives a restart.
CREATE TABLE roster_task (
    id BIGINT PRIMARY KEY,
    roster_id BIGINT NOT NULL REFERENCES roster (id),
    source TEXT NOT NULL,
    file_size BIGINT NOT NULL,
    phase TEXT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    fault TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK (source IN ('file', 'correction', 'lines', 'repeat')),
    CHECK (phase IN ('taking', 'reading', 'copying', 'checking', 'done', 'failed'))
);
CREATE UNIQUE INDEX roster_task_open ON roster_task (roster_id) WHERE ended_at IS NULL;

CREATE TABLE roster_objection (
    roster_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    contact BYTEA,
    by_account BIGINT,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT NOT NULL,
    decided_by BIGINT,
    decided_name TEXT NOT NULL,
    decided_at BIGINT,
    PRIMARY KEY (roster_id, line, id),
    FOREIGN KEY (roster_id, line) REFERENCES roster_line (roster_id, line),
    CHECK (state IN ('open', 'upheld', 'dismissed')),
    CHECK ((state = 'open') = (decided_by IS NULL)),
    CHECK (by_account IS NULL OR decided_by IS NULL OR decided_by <> by_account)
);
CREATE INDEX roster_objection_open ON roster_objection (roster_id) WHERE state = 'open';
