-- The three status clocks: two of them here, that of the electronic card in its own row.
ALTER TABLE card ADD COLUMN social TEXT NOT NULL DEFAULT 'off';
ALTER TABLE card ADD COLUMN financial TEXT NOT NULL DEFAULT 'off';
UPDATE card SET social = 'on' WHERE stage = 'active';
UPDATE ecard SET state = 'on' WHERE state = 'active';
UPDATE ecard SET state = 'off' WHERE state = 'ordered';

-- A temporary loss lapses by itself; a reminder comes first.
ALTER TABLE card ADD COLUMN loss_until BIGINT;
ALTER TABLE card ADD COLUMN reminded BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX card_loss_until ON card (loss_until) WHERE loss_until IS NOT NULL;

-- A replacement stands beside the card in use until it is activated.
ALTER TABLE card ADD COLUMN coming BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE card ADD COLUMN replaces BIGINT;
ALTER TABLE card ADD COLUMN cause TEXT NOT NULL DEFAULT 'first';
ALTER TABLE card ADD COLUMN decision TEXT NOT NULL DEFAULT '';
ALTER TABLE card ADD COLUMN fee_fen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE card ADD COLUMN fee_proof TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX card_one_coming ON card (person_id) WHERE coming;

ALTER TABLE card ADD COLUMN ended_at BIGINT;
ALTER TABLE card ADD COLUMN ended_why TEXT NOT NULL DEFAULT '';
CREATE INDEX card_expires ON card (expires_on) WHERE live;
