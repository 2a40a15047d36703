-- Changes of the cooperating bank: the old account is closed before the new one is opened.
CREATE TABLE bank_change (
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    bank_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    ended_at BIGINT,
    why TEXT NOT NULL,
    PRIMARY KEY (person_id, card_id, id)
);
CREATE UNIQUE INDEX bank_change_open ON bank_change (person_id, card_id) WHERE state IN ('closing', 'opening');
CREATE INDEX bank_change_state ON bank_change (state, id);
