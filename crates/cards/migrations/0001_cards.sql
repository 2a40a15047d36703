CREATE TABLE card (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    stage TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    outlet_id BIGINT NOT NULL,
    delivery TEXT NOT NULL,
    guardian TEXT NOT NULL,
    card_no TEXT,
    identifier TEXT,
    applied_at BIGINT NOT NULL,
    produced_at BIGINT,
    handed_over_at BIGINT,
    handed_to TEXT NOT NULL,
    activated_at BIGINT,
    expires_on TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);
-- One person, one card (Art. 5): the database refuses a second one that lives.
CREATE UNIQUE INDEX card_one_live ON card (person_id) WHERE live;
CREATE INDEX card_outlet_stage ON card (outlet_id, stage);

-- Directory by the number on the card.
CREATE TABLE card_number (
    card_no TEXT PRIMARY KEY,
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL
);

-- The pool that card numbers are drawn from, without gaps and without doubles.
CREATE TABLE card_number_pool (
    id BIGINT PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO card_number_pool (id, next) VALUES (1, 1);

CREATE TABLE ecard (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    certificate TEXT,
    credential BYTEA,
    counter BIGINT NOT NULL,
    issued_at BIGINT,
    expires_on TEXT,
    PRIMARY KEY (person_id, id),
    UNIQUE (person_id, card_id)
);

-- Directory by the random id in codes; it never tells who the person is by itself.
CREATE TABLE ecard_credential (
    credential BYTEA PRIMARY KEY,
    person_id BIGINT NOT NULL,
    ecard_id BIGINT NOT NULL
);
