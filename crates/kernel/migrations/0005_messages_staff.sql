-- Short messages that a gateway did not take: when they are tried again, or that they are not.
ALTER TABLE outbox ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN said TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN dead BOOLEAN NOT NULL DEFAULT FALSE;

-- What an administrator asks for and another one decides: accounts of staff, and what they may do.
CREATE TABLE staff_request (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    org_id BIGINT NOT NULL,
    division TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    decided_by BIGINT,
    decided_at BIGINT,
    decision TEXT NOT NULL,
    CHECK (kind IN ('make', 'change', 'reset')),
    CHECK (decision IN ('open', 'withdrawn', 'yes', 'no')),
    CHECK (decided_by IS NULL OR decided_by <> made_by),
    CHECK ((decision IN ('yes', 'no')) = (decided_by IS NOT NULL))
);
CREATE UNIQUE INDEX staff_request_open ON staff_request (account_id) WHERE decision = 'open';

-- Codes by which somebody sets his own password and second factor, once.
CREATE TABLE account_invite (
    account_id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
