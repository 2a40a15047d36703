-- Services that prove themselves by a key (RFC 7523), and the way their ID tokens are signed.
ALTER TABLE signin_client ADD COLUMN jwks TEXT NOT NULL DEFAULT '';
ALTER TABLE signin_client ADD COLUMN id_alg TEXT NOT NULL DEFAULT 'ES256';
ALTER TABLE signin_key ADD COLUMN alg TEXT NOT NULL DEFAULT 'ES256';
-- The level that the person proved; and whom another region signed in, sealed.
ALTER TABLE signin_grant ADD COLUMN level BIGINT NOT NULL DEFAULT 2;
ALTER TABLE signin_grant ADD COLUMN visitor BYTEA;

-- Assertions of services that were used: each is good once.
CREATE TABLE signin_assertion (
    client_id TEXT NOT NULL,
    jti TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (client_id, jti)
);

-- Staff accounts that an outside provider may open: prepared one by one.
CREATE TABLE signin_staff (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX signin_staff_account ON signin_staff (account_id);

-- Staff who are under way to the outside provider.
CREATE TABLE signin_outside (
    state BYTEA PRIMARY KEY,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    until BIGINT NOT NULL
);
