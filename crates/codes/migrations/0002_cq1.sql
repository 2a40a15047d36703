-- Keys of the signed card code CQ1: what they are called in the key store, and when they count.
-- usage: 1 credentials, 2 status lists. Times are seconds since 1970, as in the signed lists.
CREATE TABLE cq1_key (
    usage BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    name TEXT NOT NULL,
    public BYTEA NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    revoked BOOLEAN NOT NULL,
    PRIMARY KEY (usage, idx)
);

-- The newest signed list of a kind ('keys', 'status').
CREATE TABLE cq1_list (
    kind TEXT PRIMARY KEY,
    serial BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    body BYTEA NOT NULL
);

-- What leads from one status list to the next.
CREATE TABLE cq1_delta (
    base BIGINT PRIMARY KEY,
    issued_at BIGINT NOT NULL,
    body BYTEA NOT NULL
);

-- Directory by credential: whose it is, and its place in the status list. Both are random.
CREATE TABLE cq1_credential (
    credential BYTEA PRIMARY KEY,
    person_id BIGINT NOT NULL,
    ecard_id BIGINT NOT NULL,
    status_index BIGINT NOT NULL UNIQUE,
    emergency BOOLEAN NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX cq1_credential_person ON cq1_credential (person_id, expires_at);
CREATE INDEX cq1_credential_end ON cq1_credential (expires_at);

-- The credential that a holder's pages show codes of. The holder's key is sealed.
CREATE TABLE cq1_holder (
    person_id BIGINT PRIMARY KEY,
    ecard_id BIGINT NOT NULL,
    signed BYTEA NOT NULL,
    secret BYTEA NOT NULL,
    counter BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- The password of the electronic card, six digits, apart from the sign-in and from the bank's.
CREATE TABLE ecard_password (
    person_id BIGINT PRIMARY KEY,
    hash TEXT NOT NULL,
    set_at BIGINT NOT NULL
);
