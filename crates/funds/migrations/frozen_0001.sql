-- Payments of released batches that stay where they are because their person is frozen for money
-- (Art. 20): set aside, in no file, and never lost. A thaw lets them go.
CREATE TABLE pay_frozen (
    payment_id BIGINT PRIMARY KEY,
    person_id BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX pay_frozen_batch ON pay_frozen (batch_id);
CREATE INDEX pay_frozen_person ON pay_frozen (person_id);
