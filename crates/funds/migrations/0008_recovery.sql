-- Wrongly paid money may come back in parts: what a payment's holder gave back, and what is asked for now.
ALTER TABLE payment ADD COLUMN recovered_fen BIGINT NOT NULL DEFAULT 0;
UPDATE payment SET recovered_fen = amount_fen WHERE recovered;
ALTER TABLE pay_exception ADD COLUMN part_fen BIGINT NOT NULL DEFAULT 0;
