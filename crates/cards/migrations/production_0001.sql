-- Production of cards (Art. 11): batches, instant issue, blanks, delivery.

CREATE TABLE production_batch (
    id BIGINT PRIMARY KEY,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    outlet_id BIGINT,
    division TEXT NOT NULL,
    bank_id BIGINT,
    stage TEXT NOT NULL,
    state TEXT NOT NULL,
    lines BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    since BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX production_batch_due ON production_batch (state, due_at);

CREATE TABLE production_line (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    outlet_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    stage TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    place BIGINT,
    card_no TEXT,
    identifier TEXT,
    account TEXT NOT NULL,
    key_check TEXT NOT NULL,
    issued_on TEXT,
    bank_at BIGINT,
    factory_at BIGINT,
    keys_at BIGINT,
    outlet_at BIGINT,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);
CREATE UNIQUE INDEX production_line_seq ON production_line (batch_id, seq);
CREATE INDEX production_line_outlet ON production_line (outlet_id, state);

-- Whoever makes a card holds its claim: one batch or one counter, never two.
CREATE TABLE production_claim (
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    holder_id BIGINT NOT NULL,
    PRIMARY KEY (person_id, card_id)
);

-- What became of each number that production drew.
CREATE TABLE production_number (
    place BIGINT PRIMARY KEY,
    card_no TEXT NOT NULL,
    fate TEXT NOT NULL,
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    drawn_at BIGINT NOT NULL,
    fate_at BIGINT NOT NULL
);

CREATE TABLE production_file (
    id BIGINT PRIMARY KEY,
    batch_id BIGINT NOT NULL,
    stage TEXT NOT NULL,
    part BIGINT NOT NULL,
    direction TEXT NOT NULL,
    state TEXT NOT NULL,
    lines BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    faults TEXT NOT NULL,
    content BYTEA,
    made_at BIGINT NOT NULL,
    exported_at BIGINT
);
-- A stage is asked once and answered once; refused answers are kept beside.
CREATE UNIQUE INDEX production_file_once ON production_file (batch_id, stage, part, direction)
    WHERE state <> 'refused';

-- Cards that were made and cannot be used: destroyed on record, by two.
CREATE TABLE spoiled_card (
    id BIGINT PRIMARY KEY,
    outlet_id BIGINT NOT NULL,
    division TEXT NOT NULL,
    card_no TEXT,
    source TEXT NOT NULL,
    holder_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    spoiled_at BIGINT NOT NULL,
    destroyed_by BIGINT,
    witness BIGINT,
    destroyed_at BIGINT,
    note TEXT NOT NULL,
    CHECK (witness IS NULL OR witness <> destroyed_by)
);
CREATE INDEX spoiled_card_open ON spoiled_card (destroyed_at, outlet_id);

CREATE TABLE instant_issue (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    outlet_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    step TEXT NOT NULL,
    place BIGINT,
    card_no TEXT,
    identifier TEXT,
    account TEXT NOT NULL,
    key_check TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);
CREATE INDEX instant_issue_outlet ON instant_issue (outlet_id, state);

CREATE TABLE instant_step (
    person_id BIGINT NOT NULL,
    issue_id BIGINT NOT NULL,
    step TEXT NOT NULL,
    at BIGINT NOT NULL,
    by_account BIGINT NOT NULL,
    PRIMARY KEY (person_id, issue_id, step)
);

-- Blank cards: the balance is the sum of the movements.
CREATE TABLE blank_stock (
    outlet_id BIGINT PRIMARY KEY,
    balance BIGINT NOT NULL,
    CHECK (balance >= 0)
);

CREATE TABLE blank_movement (
    id BIGINT PRIMARY KEY,
    outlet_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    delta BIGINT NOT NULL,
    ref BIGINT,
    note TEXT NOT NULL,
    by_account BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX blank_movement_outlet ON blank_movement (outlet_id, id);

CREATE TABLE blank_transfer (
    id BIGINT PRIMARY KEY,
    from_outlet BIGINT NOT NULL,
    to_outlet BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    sent_by BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    arrived BIGINT,
    arrived_by BIGINT,
    arrived_at BIGINT,
    note TEXT NOT NULL
);
CREATE INDEX blank_transfer_to ON blank_transfer (to_outlet, arrived_at);

CREATE TABLE blank_count (
    id BIGINT PRIMARY KEY,
    outlet_id BIGINT NOT NULL,
    book BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    explanation TEXT NOT NULL,
    counted_by BIGINT NOT NULL,
    counted_at BIGINT NOT NULL,
    checked_by BIGINT,
    checked_at BIGINT,
    agreed BOOLEAN,
    CHECK (checked_by IS NULL OR checked_by <> counted_by)
);
CREATE UNIQUE INDEX blank_count_open ON blank_count (outlet_id) WHERE checked_by IS NULL;

-- From the finished card to the holder's hand.
CREATE TABLE card_delivery (
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    outlet_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    shelf BIGINT NOT NULL,
    address TEXT NOT NULL,
    tracking TEXT NOT NULL,
    since BIGINT NOT NULL,
    posted_at BIGINT,
    returned_at BIGINT,
    reminded_at BIGINT,
    receiver TEXT NOT NULL,
    document TEXT NOT NULL,
    agent_number TEXT NOT NULL,
    relation TEXT NOT NULL,
    handed_over_at BIGINT,
    handed_over_by BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, card_id)
);
CREATE INDEX card_delivery_outlet ON card_delivery (outlet_id, state, since);
CREATE INDEX card_delivery_due ON card_delivery (state, since);

CREATE TABLE shelf_counter (
    outlet_id BIGINT PRIMARY KEY,
    next BIGINT NOT NULL
);

-- only: sqlite
CREATE TRIGGER blank_movement_keep_u BEFORE UPDATE ON blank_movement BEGIN SELECT RAISE(ABORT, 'movements are append-only'); END;
CREATE TRIGGER blank_movement_keep_d BEFORE DELETE ON blank_movement BEGIN SELECT RAISE(ABORT, 'movements are append-only'); END;
-- end
-- only: postgres
CREATE FUNCTION blank_movement_keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''movements are append-only''; END';
CREATE TRIGGER blank_movement_keep BEFORE UPDATE OR DELETE ON blank_movement FOR EACH ROW EXECUTE FUNCTION blank_movement_keep();
-- end
