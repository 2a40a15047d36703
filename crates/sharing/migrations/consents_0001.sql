-- Where an agreement stands on consent and not on a law, nobody's data is given who did not consent.
ALTER TABLE share_agreement ADD COLUMN by_consent BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE share_consent (
    person_id BIGINT NOT NULL,
    agreement_id BIGINT NOT NULL,
    given_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    PRIMARY KEY (person_id, agreement_id)
);
