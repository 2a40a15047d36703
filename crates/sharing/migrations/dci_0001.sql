-- Messages of the Social Registry API (DCI) under an agreement, until a day after they were answered.
CREATE TABLE dci_txn (
    agreement_id BIGINT NOT NULL,
    txn TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- Keyed: what the same transaction is known again by.
    digest BYTEA NOT NULL,
    id BIGINT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL,
    org_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    -- Sealed: the request until it is answered, then the answer.
    request BYTEA,
    answer BYTEA,
    -- Whether the answer goes to the agreement's address.
    calls_back BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (agreement_id, txn, kind),
    CHECK (state IN ('received', 'answered', 'told', 'dead'))
);
CREATE INDEX dci_txn_due ON dci_txn (state, next_at);

-- Codes of subscriptions; the number is sealed.
CREATE TABLE dci_subscription (
    code TEXT PRIMARY KEY,
    agreement_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    card_number TEXT NOT NULL,
    at BIGINT NOT NULL
);
