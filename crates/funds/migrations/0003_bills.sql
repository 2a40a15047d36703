-- Billers take part when two people said so (Art. 8, 25). Their settlement account is sealed.
CREATE TABLE biller (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    kind TEXT NOT NULL,
    phone TEXT NOT NULL,
    divisions TEXT NOT NULL,
    account BYTEA NOT NULL,
    account_tail TEXT NOT NULL,
    state TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    decided_by BIGINT,
    decided_name TEXT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (kind IN ('water', 'electricity', 'gas')),
    CHECK (state IN ('proposed', 'open', 'rejected', 'closed')),
    CHECK (decided_by IS NULL OR decided_by <> made_by),
    CHECK ((state = 'proposed') = (decided_by IS NULL))
);

-- Account numbers (户号) that a holder keeps; the number is sealed.
CREATE TABLE bill_account (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    biller_id BIGINT NOT NULL REFERENCES biller (id),
    number BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    tail TEXT NOT NULL,
    nickname TEXT NOT NULL,
    said TEXT NOT NULL,
    looked_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);
CREATE UNIQUE INDEX bill_account_number ON bill_account (person_id, biller_id, digest);

-- What the biller said is to be paid. `told_on` is the day of the notice before a debit by authorisation.
CREATE TABLE bill (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    biller_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    period TEXT NOT NULL,
    fen BIGINT NOT NULL,
    due_on TEXT NOT NULL,
    state TEXT NOT NULL,
    told_on TEXT,
    declined BOOLEAN NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (state IN ('open', 'gone')),
    CHECK (fen > 0)
);
CREATE UNIQUE INDEX bill_number ON bill (person_id, account_id, number);

-- What a holder authorised in advance: limits, last day, at once cancelled.
CREATE TABLE bill_mandate (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    bill_fen BIGINT NOT NULL,
    month_fen BIGINT NOT NULL,
    until_day TEXT NOT NULL,
    state TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (state IN ('active', 'paused', 'cancelled')),
    CHECK (bill_fen > 0 AND month_fen >= bill_fen)
);
CREATE UNIQUE INDEX bill_mandate_one ON bill_mandate (person_id, account_id) WHERE state <> 'cancelled';
CREATE INDEX bill_mandate_active ON bill_mandate (id) WHERE state = 'active';

-- A payment is an intent before a byte leaves. The sealed body is what leaves, however often.
CREATE TABLE bill_payment (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    biller_id BIGINT NOT NULL,
    bill_number TEXT NOT NULL,
    period TEXT NOT NULL,
    month TEXT NOT NULL,
    fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    backs BIGINT NOT NULL,
    posted BOOLEAN NOT NULL,
    offered BOOLEAN NOT NULL,
    taken BOOLEAN NOT NULL,
    released BOOLEAN NOT NULL,
    bank_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    mandate_id BIGINT,
    made_by BIGINT NOT NULL,
    body BYTEA,
    digest BYTEA NOT NULL,
    biller_ref TEXT NOT NULL,
    bank_ref TEXT NOT NULL,
    reason TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (fen > 0),
    CHECK (state IN ('intent', 'sent', 'unknown', 'failed', 'debited', 'done', 'owed', 'returning', 'refunded', 'held'))
);
CREATE UNIQUE INDEX bill_payment_id ON bill_payment (id);
-- One bill is never paid twice, whoever pays it.
CREATE UNIQUE INDEX bill_payment_natural ON bill_payment (biller_id, bill_number)
    WHERE NOT released;
CREATE INDEX bill_payment_due ON bill_payment (next_at)
    WHERE state IN ('intent', 'sent', 'unknown', 'debited', 'owed', 'returning');
CREATE INDEX bill_payment_biller ON bill_payment (biller_id, id);

-- The ledger of bills: double entry in fen, append-only; entry_id is the journal entry.
CREATE TABLE bill_entry (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    fen BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    biller_id BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    CHECK (fen > 0),
    CHECK (debit <> credit)
);
CREATE INDEX bill_entry_payment ON bill_entry (payment_id, id);

-- What people must look at; who asks does not decide.
CREATE TABLE bill_exception (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    biller_id BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    told TEXT NOT NULL,
    state TEXT NOT NULL,
    action TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    asked_by BIGINT,
    asked_name TEXT NOT NULL,
    closed_by BIGINT,
    closed_name TEXT NOT NULL,
    closed_at BIGINT,
    CHECK (state IN ('open', 'asked', 'closed')),
    CHECK (closed_by IS NULL OR asked_by IS NULL OR closed_by <> asked_by)
);
CREATE UNIQUE INDEX bill_exception_open ON bill_exception (kind, payment_id, biller_id, told) WHERE state <> 'closed';

-- A biller's day compared with ours.
CREATE TABLE bill_day (
    biller_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    lines BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    own_lines BIGINT NOT NULL,
    own_fen BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (biller_id, day)
);

-- only: sqlite
CREATE TRIGGER bill_entry_keep_u BEFORE UPDATE ON bill_entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER bill_entry_keep_d BEFORE DELETE ON bill_entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- end
-- only: postgres
CREATE TRIGGER bill_entry_keep BEFORE UPDATE OR DELETE ON bill_entry FOR EACH ROW EXECUTE FUNCTION ledger_keep();
CREATE TRIGGER bill_entry_keep_t BEFORE TRUNCATE ON bill_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_keep();
-- end
