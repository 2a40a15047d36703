-- One person, one card, across regions (Art. 5, 17). The key of a pair of regions; sealed.
CREATE TABLE onecard_key (
    region TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    -- Whether all our cards were walked over since: before that we cannot say "no".
    whole BOOLEAN NOT NULL DEFAULT FALSE
);

-- Keyed digests of the numbers of our cardholders, by the key of each pair.
CREATE TABLE onecard_digest (
    region TEXT NOT NULL,
    digest TEXT NOT NULL,
    person_id BIGINT NOT NULL,
    PRIMARY KEY (region, digest, person_id)
);

-- How far the walk over all cards has come today.
CREATE TABLE onecard_walk (
    region TEXT PRIMARY KEY,
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    day TEXT NOT NULL
);

-- What was asked about a card before it is made, and what the other region said.
CREATE TABLE onecard_check (
    card_id BIGINT NOT NULL,
    region TEXT NOT NULL,
    person_id BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    answered_at BIGINT,
    PRIMARY KEY (card_id, region),
    CHECK (state IN ('asked', 'clear', 'held'))
);
CREATE INDEX onecard_check_held ON onecard_check (asked_at) WHERE state <> 'clear';

-- Questions of other regions until they are answered.
CREATE TABLE onecard_question (
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,
    came_at BIGINT NOT NULL,
    PRIMARY KEY (region, id)
);

-- How many questions a region asked on a day.
CREATE TABLE onecard_asked (
    region TEXT NOT NULL,
    day TEXT NOT NULL,
    asked BIGINT NOT NULL,
    PRIMARY KEY (region, day)
);
