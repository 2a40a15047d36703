-- Offers to put the electronic card into a wallet (OpenID4VCI): confirmed by the holder, good once.
CREATE TABLE wallet_offer (
    code BYTEA PRIMARY KEY,
    person_id BIGINT NOT NULL,
    pin BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    token BYTEA UNIQUE,
    until BIGINT NOT NULL
);

-- Credentials in wallets: no claim is kept, only whose it is, its place in a status list and the
-- thumbprint of the wallet's key.
CREATE TABLE wallet_credential (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    ecard_id BIGINT NOT NULL,
    list BIGINT NOT NULL,
    place BIGINT NOT NULL,
    holder TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (person_id, id),
    UNIQUE (list, place)
);
CREATE INDEX wallet_credential_end ON wallet_credential (expires_at);

-- A terminal that asks a wallet for the claims of an item (OpenID4VP), and what it was told.
CREATE TABLE wallet_request (
    id TEXT PRIMARY KEY,
    terminal_id BIGINT NOT NULL,
    item TEXT NOT NULL,
    nonce TEXT NOT NULL,
    until BIGINT NOT NULL,
    state TEXT NOT NULL,
    answer BYTEA,
    CHECK (state IN ('waiting', 'yes', 'no'))
);
CREATE INDEX wallet_request_end ON wallet_request (until);
