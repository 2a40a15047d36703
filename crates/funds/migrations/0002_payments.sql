-- Numbers of batches: a payment's id is number * 2^24 + line, so a batch is a range of ids. The gate
-- is what a stop and a file that leaves pass one after the other.
CREATE TABLE pay_counter (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO pay_counter (name, next) VALUES ('batch', 1), ('gate', 1);

-- The payments of one approved roster, or of returned money that is paid again.
-- Money is released by somebody else than who asked (Art. 25), above a threshold by two.
CREATE TABLE pay_batch (
    id BIGINT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    roster_id BIGINT UNIQUE,
    programme_id BIGINT NOT NULL,
    period TEXT NOT NULL,
    division TEXT NOT NULL,
    lines BIGINT NOT NULL,
    last_line BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    two BOOLEAN NOT NULL,
    asked_by BIGINT,
    asked_name TEXT NOT NULL,
    first_by BIGINT,
    first_name TEXT NOT NULL,
    second_by BIGINT,
    second_name TEXT NOT NULL,
    done_line BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    released_at BIGINT,
    touched_at BIGINT NOT NULL,
    checked_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (state IN ('accepted', 'reserved', 'asked', 'released', 'settled', 'void')),
    CHECK (first_by IS NULL OR first_by <> asked_by),
    CHECK (second_by IS NULL OR (second_by <> asked_by AND second_by <> first_by)),
    CHECK (state NOT IN ('released', 'settled') OR (asked_by IS NOT NULL AND first_by IS NOT NULL)),
    CHECK (state NOT IN ('released', 'settled') OR NOT two OR second_by IS NOT NULL)
);
CREATE INDEX pay_batch_state ON pay_batch (state, id);
CREATE INDEX pay_batch_programme ON pay_batch (programme_id, id);

CREATE TABLE payment (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    roster_id BIGINT,
    line BIGINT NOT NULL,
    programme_id BIGINT NOT NULL,
    period TEXT NOT NULL,
    bank_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    held BOOLEAN NOT NULL,
    overpaid BOOLEAN NOT NULL,
    recovered BOOLEAN NOT NULL,
    file_id BIGINT,
    report_id BIGINT,
    reason TEXT NOT NULL,
    reissue_of BIGINT,
    reissued_as BIGINT,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (amount_fen > 0),
    CHECK (state IN ('approved', 'reserved', 'intent', 'sent', 'paid', 'returned', 'unknown', 'void')),
    CHECK (reissued_as IS NULL OR state = 'returned')
);
CREATE UNIQUE INDEX payment_id ON payment (id);
-- At most one live or paid payment for programme, period and person.
CREATE UNIQUE INDEX payment_natural ON payment (person_id, programme_id, period)
    WHERE state NOT IN ('returned', 'void');
-- A returned payment is made again once.
CREATE UNIQUE INDEX payment_reissue ON payment (person_id, reissue_of) WHERE reissue_of IS NOT NULL;
CREATE INDEX payment_returned ON payment (id) WHERE state = 'returned' AND reissued_as IS NULL;

-- Orders to one bank: the intent, written before anything leaves. The sealed body is what leaves,
-- byte for byte, however often.
CREATE TABLE pay_file (
    id BIGINT PRIMARY KEY,
    batch_id BIGINT NOT NULL,
    bank_id BIGINT NOT NULL,
    from_id BIGINT NOT NULL,
    to_id BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    taken BOOLEAN NOT NULL,
    body BYTEA,
    digest BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    said TEXT NOT NULL,
    entry_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (state IN ('intent', 'sending', 'sent', 'unknown', 'refused', 'settled'))
);
CREATE INDEX pay_file_batch ON pay_file (batch_id, id);
CREATE INDEX pay_file_due ON pay_file (next_at)
    WHERE state IN ('intent', 'sending', 'sent', 'unknown');

-- What a bank told; the same report changes nothing a second time. `done` is how far it was taken in.
CREATE TABLE pay_report (
    id BIGINT PRIMARY KEY,
    bank_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    file_id BIGINT,
    kind TEXT NOT NULL,
    digest BYTEA NOT NULL,
    lines BIGINT NOT NULL,
    done BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    late BIGINT NOT NULL,
    at BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    UNIQUE (bank_id, number)
);

-- Each line of a report as the bank told it, and what it meant.
CREATE TABLE pay_result (
    report_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    word TEXT NOT NULL,
    meaning TEXT NOT NULL,
    reason TEXT NOT NULL,
    said TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (report_id, seq)
);
CREATE INDEX pay_result_payment ON pay_result (payment_id);

-- What somebody must look at; 0 stands for none. Money moves only by two people.
CREATE TABLE pay_exception (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    bank_id BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    file_id BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    report_id BIGINT NOT NULL,
    told TEXT NOT NULL,
    fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    action TEXT NOT NULL,
    note TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    asked_by BIGINT,
    asked_name TEXT NOT NULL,
    closed_by BIGINT,
    closed_name TEXT NOT NULL,
    closed_at BIGINT,
    version BIGINT NOT NULL,
    CHECK (state IN ('open', 'asked', 'closed')),
    CHECK (closed_by IS NULL OR asked_by IS NULL OR closed_by <> asked_by OR action = 'ask-again')
);
CREATE UNIQUE INDEX pay_exception_open ON pay_exception (kind, bank_id, file_id, payment_id, told)
    WHERE state <> 'closed';

CREATE INDEX pay_exception_batch ON pay_exception (batch_id) WHERE state <> 'closed';

-- The stop button: batch 0 is all. Somebody else lifts it.
CREATE TABLE pay_stop (
    id BIGINT PRIMARY KEY,
    batch_id BIGINT NOT NULL,
    pressed_by BIGINT NOT NULL,
    pressed_name TEXT NOT NULL,
    pressed_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    lifted_by BIGINT,
    lifted_name TEXT NOT NULL,
    lifted_at BIGINT,
    CHECK (lifted_by IS NULL OR lifted_by <> pressed_by)
);
CREATE UNIQUE INDEX pay_stop_open ON pay_stop (batch_id) WHERE lifted_by IS NULL;

-- Where returned money goes next: made by holder or clerk, reviewed by another.
CREATE TABLE pay_correction (
    person_id BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    bank_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    checked_by BIGINT,
    checked_name TEXT NOT NULL,
    checked_at BIGINT,
    PRIMARY KEY (person_id, payment_id),
    CHECK (state IN ('made', 'approved', 'used')),
    CHECK (checked_by IS NULL OR checked_by <> made_by),
    CHECK ((state = 'made') = (checked_by IS NULL))
);
CREATE INDEX pay_correction_state ON pay_correction (state, payment_id);

-- The ledger: double entry in fen, append-only. An entry of many payments names their number;
-- entry_id is its journal entry. Bank and payment 0 stand for none.
CREATE TABLE ledger_entry (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    fen BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    bank_id BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    CHECK (fen > 0 AND lines > 0),
    CHECK (debit <> credit)
);
CREATE INDEX ledger_entry_batch ON ledger_entry (batch_id, id);
CREATE INDEX ledger_entry_day ON ledger_entry (day);

-- Books and payments differ: payments are stopped until somebody has found out why.
CREATE TABLE pay_alarm (
    id BIGINT PRIMARY KEY,
    batch_id BIGINT NOT NULL,
    said TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_by BIGINT,
    closed_at BIGINT
);
CREATE UNIQUE INDEX pay_alarm_open ON pay_alarm (batch_id) WHERE closed_by IS NULL;

-- only: sqlite
CREATE TRIGGER ledger_entry_keep_u BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entry_keep_d BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER pay_result_keep_u BEFORE UPDATE ON pay_result BEGIN SELECT RAISE(ABORT, 'what a bank told is kept'); END;
CREATE TRIGGER pay_result_keep_d BEFORE DELETE ON pay_result BEGIN SELECT RAISE(ABORT, 'what a bank told is kept'); END;
-- end
-- only: postgres
CREATE FUNCTION ledger_keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the ledger is append-only''; END';
CREATE TRIGGER ledger_entry_keep BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_keep();
CREATE TRIGGER ledger_entry_keep_t BEFORE TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_keep();
CREATE TRIGGER pay_result_keep BEFORE UPDATE OR DELETE ON pay_result FOR EACH ROW EXECUTE FUNCTION ledger_keep();
CREATE TRIGGER pay_result_keep_t BEFORE TRUNCATE ON pay_result FOR EACH STATEMENT EXECUTE FUNCTION ledger_keep();
-- end
