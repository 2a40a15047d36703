-- What payments read of rosters: the columns that they have a right to.
CREATE TABLE programme (
    id BIGINT PRIMARY KEY,
    code TEXT UNIQUE,
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
    state TEXT NOT NULL
);
CREATE TABLE roster (
    id BIGINT PRIMARY KEY,
    programme_id BIGINT NOT NULL,
    period TEXT NOT NULL,
    division TEXT NOT NULL,
    state TEXT NOT NULL,
    declared_lines BIGINT NOT NULL,
    declared_fen BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    not_before BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL
);
CREATE TABLE roster_line (
    roster_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    person_id BIGINT,
    card_id BIGINT,
    bank_id BIGINT,
    amount_fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (roster_id, line)
);
