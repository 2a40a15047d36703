-- Who a department has linked: one row answers a resolve. `link_key` is the department and the person's
-- number; `active` follows the card's account.
CREATE TABLE g2p_link (
    link_key TEXT PRIMARY KEY,
    org_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    handle TEXT NOT NULL UNIQUE,
    bank TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX g2p_link_person ON g2p_link (person_id);

-- A transaction of a department's system, and each of its references.
CREATE TABLE g2p_txn (
    org_id BIGINT NOT NULL,
    transaction_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    roster_id BIGINT,
    at BIGINT NOT NULL,
    PRIMARY KEY (org_id, transaction_id)
);
CREATE TABLE g2p_ref (
    org_id BIGINT NOT NULL,
    transaction_id TEXT NOT NULL,
    reference_id TEXT NOT NULL,
    line BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (org_id, transaction_id, reference_id)
);
