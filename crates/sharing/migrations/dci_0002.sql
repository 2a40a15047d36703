-- Whose changes a subscription tells, and the kind of register that was asked for.
ALTER TABLE dci_subscription ADD COLUMN person_id BIGINT;
ALTER TABLE dci_subscription ADD COLUMN reg_type TEXT NOT NULL DEFAULT '';
CREATE INDEX dci_subscription_person ON dci_subscription (agreement_id, person_id);
