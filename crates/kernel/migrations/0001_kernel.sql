-- Organisations are no divisions: a development zone acts as a county-level unit without a code.
CREATE TABLE org (
    id BIGINT PRIMARY KEY,
    credit_code TEXT,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    kind TEXT NOT NULL,
    division TEXT NOT NULL,
    parent BIGINT,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    UNIQUE (credit_code)
);

CREATE TABLE node (
    id BIGINT PRIMARY KEY,
    started_at BIGINT NOT NULL
);

-- Accounts of people and devices. One account has one role.
CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    org_id BIGINT,
    division TEXT NOT NULL,
    person_id BIGINT,
    phone TEXT,
    password TEXT,
    totp_secret BYTEA,
    totp_last_step BIGINT NOT NULL,
    closed_at BIGINT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX account_person ON account (person_id);

-- Whatever an account may be called at sign-in: user name, card number, person number.
CREATE TABLE account_login (
    login TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL
);
CREATE INDEX account_login_account ON account_login (account_id);

-- Sessions of browsers and bearer tokens of programs, by the digest of their token.
CREATE TABLE session (
    digest BYTEA PRIMARY KEY,
    account_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    stage TEXT NOT NULL,
    csrf TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);

-- Browsers that signed in before: the owner's own device is not slowed by a stranger's guesses.
CREATE TABLE known_device (
    digest BYTEA PRIMARY KEY,
    account_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE guess (
    guessed TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE TABLE one_time_code (
    account_id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    topic TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A decision that needs two: the maker never checks.
CREATE TABLE approval (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    summary TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    checked_by BIGINT,
    checked_at BIGINT,
    decision TEXT NOT NULL,
    comment TEXT NOT NULL,
    CHECK (checked_by IS NULL OR checked_by <> made_by),
    CHECK ((decision = 'open') = (checked_by IS NULL))
);
CREATE UNIQUE INDEX approval_open ON approval (kind, object) WHERE decision = 'open';

-- The journal. An entry is written with its change; the sequencer gives it its leaf.
CREATE TABLE journal_entry (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    act TEXT NOT NULL,
    actor_id BIGINT NOT NULL,
    actor_role TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    org_id BIGINT,
    subject_id BIGINT,
    object TEXT NOT NULL,
    item TEXT NOT NULL,
    purpose TEXT NOT NULL,
    basis TEXT NOT NULL,
    fields TEXT NOT NULL,
    result TEXT NOT NULL,
    detail TEXT NOT NULL,
    salt BYTEA NOT NULL,
    leaf BYTEA NOT NULL
);
CREATE INDEX journal_entry_subject ON journal_entry (subject_id, id);

CREATE TABLE journal_pending (
    entry_id BIGINT PRIMARY KEY,
    leaf BYTEA NOT NULL
);

CREATE TABLE journal_leaf (
    leaf_index BIGINT PRIMARY KEY,
    entry_id BIGINT NOT NULL
);

-- Each head names the size of the one before, so that none can be taken out in the middle.
CREATE TABLE journal_head (
    size BIGINT PRIMARY KEY,
    previous BIGINT NOT NULL,
    at BIGINT NOT NULL,
    root BYTEA NOT NULL,
    signed TEXT NOT NULL
);

-- The frontier of the tree: derived, kept so that the sequencer need not read all leaves.
CREATE TABLE journal_tree (
    id BIGINT PRIMARY KEY,
    size BIGINT NOT NULL,
    frontier BYTEA NOT NULL
);

-- only: sqlite
CREATE TRIGGER journal_entry_keep_u BEFORE UPDATE ON journal_entry BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_entry_keep_d BEFORE DELETE ON journal_entry BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_leaf_keep_u BEFORE UPDATE ON journal_leaf BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_leaf_keep_d BEFORE DELETE ON journal_leaf BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_head_keep_u BEFORE UPDATE ON journal_head BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_head_keep_d BEFORE DELETE ON journal_head BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- end
-- only: postgres
CREATE FUNCTION journal_keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the journal is append-only''; END';
CREATE TRIGGER journal_entry_keep BEFORE UPDATE OR DELETE ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_leaf_keep BEFORE UPDATE OR DELETE ON journal_leaf FOR EACH ROW EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_head_keep BEFORE UPDATE OR DELETE ON journal_head FOR EACH ROW EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_entry_keep_t BEFORE TRUNCATE ON journal_entry FOR EACH STATEMENT EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_leaf_keep_t BEFORE TRUNCATE ON journal_leaf FOR EACH STATEMENT EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_head_keep_t BEFORE TRUNCATE ON journal_head FOR EACH STATEMENT EXECUTE FUNCTION journal_keep();
-- end
