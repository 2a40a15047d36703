-- What holds a payment's natural key stands in a column of its own: 0 while it is live, its own id once it came
-- back or was taken back. No index looks at the state, so that a set that moves on rewrites its rows and nothing else.
-- only: sqlite
CREATE TABLE payment_moved (
    id BIGINT PRIMARY KEY,
    person_id BIGINT NOT NULL,
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
    ended BIGINT NOT NULL DEFAULT 0,
    CHECK (amount_fen > 0),
    CHECK (state IN ('approved', 'reserved', 'intent', 'sent', 'paid', 'returned', 'unknown', 'void')),
    CHECK (reissued_as IS NULL OR state = 'returned'),
    CHECK (ended = CASE WHEN state IN ('returned', 'void') THEN id ELSE 0 END)
);
INSERT INTO payment_moved
    SELECT id, person_id, batch_id, roster_id, line, programme_id, period, bank_id, card_id, amount_fen, state,
        held, overpaid, recovered, file_id, report_id, reason, reissue_of, reissued_as, created_at, changed_at,
        version, CASE WHEN state IN ('returned', 'void') THEN id ELSE 0 END
    FROM payment ORDER BY id;
DROP TABLE payment;
ALTER TABLE payment_moved RENAME TO payment;
CREATE UNIQUE INDEX payment_reissue ON payment (person_id, reissue_of) WHERE reissue_of IS NOT NULL;
-- end
-- only: postgres
ALTER TABLE payment ADD COLUMN ended BIGINT NOT NULL DEFAULT 0;
UPDATE payment SET ended = id WHERE state IN ('returned', 'void');
ALTER TABLE payment ADD CONSTRAINT payment_ended
    CHECK (ended = CASE WHEN state IN ('returned', 'void') THEN id ELSE 0 END);
DROP INDEX payment_natural;
DROP INDEX payment_returned;
-- Room in each page for the next version of its rows: no index is touched then.
ALTER TABLE payment SET (fillfactor = 50);
-- end
-- At most one live or paid payment for programme, period and person.
CREATE UNIQUE INDEX payment_natural ON payment (person_id, programme_id, period, ended);
CREATE INDEX payment_returned ON payment (id) WHERE ended <> 0 AND reissued_as IS NULL;

-- Holders are told of results behind the set that took them in; `told` is how far.
ALTER TABLE pay_report ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
UPDATE pay_report SET told = done;
CREATE INDEX pay_report_untold ON pay_report (id) WHERE told < done;
