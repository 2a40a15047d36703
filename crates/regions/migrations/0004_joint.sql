-- Cases of joint outlets (Art. 11): 'out' is a clerk here with a holder of the other region, 'in' a holder of
-- ours at an outlet there. Names and answers are sealed columns; what was entered travels in an envelope
-- that only the home region opens, and is deleted when it is answered.
CREATE TABLE joint_case (
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    way TEXT NOT NULL,
    service TEXT NOT NULL,
    outlet_id BIGINT NOT NULL,
    outlet TEXT NOT NULL,
    clerk_id BIGINT NOT NULL,
    clerk TEXT NOT NULL,
    -- Masked.
    name TEXT NOT NULL,
    person_key TEXT NOT NULL,
    person_id BIGINT,
    -- 'out': number and name for the next step at the counter, for a day.
    holder TEXT NOT NULL,
    -- 'in': the envelope until it is answered, and the kinds of documents with it.
    sealed TEXT NOT NULL,
    papers TEXT NOT NULL,
    state TEXT NOT NULL,
    result TEXT NOT NULL,
    answer TEXT NOT NULL,
    fee_fen BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    answered_at BIGINT,
    closed_at BIGINT,
    PRIMARY KEY (region, id),
    CHECK (way IN ('in', 'out')),
    CHECK (state IN ('sent', 'done', 'refused'))
);
CREATE INDEX joint_case_waiting ON joint_case (way, sent_at) WHERE state = 'sent';
CREATE INDEX joint_case_outlet ON joint_case (outlet_id, sent_at);
CREATE INDEX joint_case_open ON joint_case (person_id) WHERE closed_at IS NULL;
CREATE INDEX joint_case_answered ON joint_case (region, way, answered_at);

-- Parts of sealed documents until their case is answered.
CREATE TABLE joint_paper (
    region TEXT NOT NULL,
    case_id TEXT NOT NULL,
    paper BIGINT NOT NULL,
    part BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    data TEXT NOT NULL,
    came_at BIGINT NOT NULL,
    PRIMARY KEY (region, case_id, paper, part)
);

-- Outlets of the other region as organisations here: cards for their counters are made for these.
CREATE TABLE joint_outlet (
    region TEXT NOT NULL,
    outlet TEXT NOT NULL,
    org_id BIGINT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (region, outlet)
);

-- Fees of a month between two regions: 'out' those that we took for them, 'in' those that they took for us.
CREATE TABLE joint_month (
    region TEXT NOT NULL,
    month TEXT NOT NULL,
    way TEXT NOT NULL,
    cases BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    their_cases BIGINT NOT NULL,
    their_fen BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    settled_at BIGINT,
    PRIMARY KEY (region, month, way),
    CHECK (way IN ('in', 'out'))
);
