-- The code that a holder proves himself with when he ends his own freeze.
CREATE TABLE safety_code (
    person_id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);

-- A mass freeze (Art. 20): asked for by one officer with the list of that moment, decided by another,
-- carried out in the background. How it was asked: terminal, bank, batch, division, outlet, numbers.
CREATE TABLE safety_mass (
    id BIGINT PRIMARY KEY,
    by_what TEXT NOT NULL,
    value TEXT NOT NULL,
    scope TEXT NOT NULL,
    item TEXT NOT NULL,
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    evidence TEXT NOT NULL,
    state TEXT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    cursor_id BIGINT NOT NULL,
    made_by BIGINT NOT NULL,
    made_name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    decided_by BIGINT,
    decided_name TEXT NOT NULL,
    decided_at BIGINT,
    thaw_by BIGINT,
    thaw_name TEXT NOT NULL,
    thaw_proof TEXT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (state IN ('proposed', 'rejected', 'freezing', 'frozen', 'thaw-asked', 'thawing', 'thawed')),
    CHECK (decided_by IS NULL OR decided_by <> made_by)
);
CREATE INDEX safety_mass_work ON safety_mass (id) WHERE state IN ('freezing', 'thawing');
CREATE TABLE safety_mass_person (
    mass_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    PRIMARY KEY (mass_id, person_id)
);

-- Rules of the detection: what is tuned stands here, each change a new version, never overwritten.
CREATE TABLE safety_rule (
    code TEXT NOT NULL,
    version BIGINT NOT NULL,
    is_on BOOLEAN NOT NULL,
    may_freeze BOOLEAN NOT NULL,
    params TEXT NOT NULL,
    by_account BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (code, version)
);
-- How far each stream was looked at.
CREATE TABLE safety_cursor (
    stream TEXT PRIMARY KEY,
    last_id BIGINT NOT NULL
);
-- What a rule found. One finding about one thing at a time: the same again is counted.
CREATE TABLE safety_alert (
    id BIGINT PRIMARY KEY,
    rule TEXT NOT NULL,
    rule_version BIGINT NOT NULL,
    about TEXT NOT NULL,
    person_id BIGINT,
    facts TEXT NOT NULL,
    evidence TEXT NOT NULL,
    division TEXT NOT NULL,
    at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    assigned_to BIGINT,
    assigned_name TEXT NOT NULL,
    disposition TEXT NOT NULL,
    closed_at BIGINT,
    closed_by BIGINT,
    closed_name TEXT NOT NULL,
    note TEXT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (disposition IN ('open', 'true', 'false', 'unclear')),
    CHECK ((disposition = 'open') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX safety_alert_open ON safety_alert (rule, about) WHERE disposition = 'open';

-- Incidents and drills.
CREATE TABLE incident (
    id BIGINT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    level BIGINT NOT NULL,
    is_drill BOOLEAN NOT NULL,
    title TEXT NOT NULL,
    words TEXT NOT NULL,
    component TEXT NOT NULL,
    impact TEXT NOT NULL,
    public_zh TEXT NOT NULL,
    public_en TEXT NOT NULL,
    is_public BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    opened_by BIGINT NOT NULL,
    opened_name TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    cause TEXT NOT NULL,
    lessons TEXT NOT NULL,
    people_count BIGINT NOT NULL,
    holders_told TEXT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (level BETWEEN 1 AND 4),
    CHECK (state IN ('open', 'contained', 'resolved', 'closed'))
);
CREATE INDEX incident_open ON incident (id) WHERE state <> 'closed';
CREATE TABLE incident_event (
    incident_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    act TEXT NOT NULL,
    words TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    PRIMARY KEY (incident_id, id)
);
CREATE TABLE incident_task (
    incident_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    owner TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    done_at BIGINT,
    done_name TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (incident_id, id),
    CHECK (kind IN ('first', 'notice', 'breach', 'measure'))
);
CREATE INDEX incident_task_open ON incident_task (due_at) WHERE done_at IS NULL;
