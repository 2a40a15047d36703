-- Services that people sign in to with the card (Art. 6). Asked for by a department, decided by another
-- hand; the secret is kept as a digest only.
CREATE TABLE signin_client (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    org_id BIGINT NOT NULL,
    item TEXT NOT NULL,
    redirects TEXT NOT NULL,
    after_logout TEXT NOT NULL,
    sector TEXT NOT NULL,
    secret BYTEA,
    needs_par BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    asked_by BIGINT NOT NULL,
    asked_name TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    decided_by BIGINT,
    decided_at BIGINT,
    version BIGINT NOT NULL,
    CHECK (state IN ('asked', 'active', 'refused', 'revoked')),
    CHECK (decided_by IS NULL OR decided_by <> asked_by)
);

-- Keys that sign ID tokens, sealed under the field key; published before and after their use.
CREATE TABLE signin_key (
    kid TEXT PRIMARY KEY,
    sealed BYTEA NOT NULL,
    public BYTEA NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- A request of a service that waits for the person, or that was pushed (RFC 9126).
CREATE TABLE signin_request (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    asked TEXT NOT NULL,
    pushed BOOLEAN NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    qr BYTEA UNIQUE,
    number BIGINT,
    browser TEXT NOT NULL,
    person_id BIGINT,
    answer TEXT NOT NULL
);
CREATE INDEX signin_request_expiry ON signin_request (expires_at);

-- One sign-in: the code, then the token that it was changed into. A code is good once; a second try
-- revokes what the first one got.
CREATE TABLE signin_grant (
    code BYTEA PRIMARY KEY,
    token BYTEA UNIQUE,
    client_id TEXT NOT NULL,
    person_id BIGINT NOT NULL,
    redirect TEXT NOT NULL,
    challenge TEXT NOT NULL,
    nonce TEXT NOT NULL,
    fields TEXT NOT NULL,
    item_version BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    code_until BIGINT NOT NULL,
    used_at BIGINT,
    token_until BIGINT,
    revoked BOOLEAN NOT NULL
);
CREATE INDEX signin_grant_person ON signin_grant (person_id, client_id);
CREATE INDEX signin_grant_made ON signin_grant (made_at);

-- What a person agreed to, by service and by the version of its item.
CREATE TABLE signin_consent (
    person_id BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    item_version BIGINT NOT NULL,
    fields TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, client_id)
);
