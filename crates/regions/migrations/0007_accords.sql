-- What two sides agree on beside the joint list: districts that work together (Art. 23), and data that one
-- region gives the other for a purpose (Art. 18). The same text on both sides, told apart by its digest.
CREATE TABLE accord (
    id TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    digest TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    ours TEXT NOT NULL,
    our_document TEXT NOT NULL DEFAULT '',
    our_why TEXT NOT NULL DEFAULT '',
    our_at BIGINT,
    theirs TEXT NOT NULL,
    their_document TEXT NOT NULL DEFAULT '',
    their_why TEXT NOT NULL DEFAULT '',
    their_at BIGINT,
    -- Laid before the approver here.
    approval BIGINT,
    -- Filed upward (备案): taken note of by the authority of the region.
    filed_by TEXT NOT NULL DEFAULT '',
    filed_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    CHECK (kind IN ('district', 'data')),
    CHECK (ours IN ('open', 'decided', 'refused', 'ended')),
    CHECK (theirs IN ('open', 'decided', 'refused', 'ended'))
);
CREATE INDEX accord_made ON accord (made_at);

-- Questions under an agreement of a day: 'out' ours, 'in' theirs. No person is in here.
CREATE TABLE accord_asked (
    accord TEXT NOT NULL,
    way TEXT NOT NULL,
    day TEXT NOT NULL,
    asked BIGINT NOT NULL,
    PRIMARY KEY (accord, way, day),
    CHECK (way IN ('in', 'out'))
);

-- Ids of questions that came, for as long as their signature could be shown again.
CREATE TABLE accord_question (
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (region, id)
);
CREATE INDEX accord_question_at ON accord_question (at);
