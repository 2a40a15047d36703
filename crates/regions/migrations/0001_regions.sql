-- Descriptors of other regions: at most one of a region is trusted at a time (Art. 17).
CREATE TABLE region_descriptor (
    id BIGINT PRIMARY KEY,
    region TEXT NOT NULL,
    serial BIGINT NOT NULL,
    signed TEXT NOT NULL,
    state TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    CHECK (state IN ('waiting', 'trusted', 'refused', 'replaced', 'revoked'))
);
CREATE UNIQUE INDEX region_trusted ON region_descriptor (region) WHERE state = 'trusted';
CREATE UNIQUE INDEX region_waiting ON region_descriptor (region) WHERE state = 'waiting';

-- What goes out: written with its cause, kept with the other side's receipt.
CREATE TABLE region_outbox (
    region TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    person_key TEXT NOT NULL,
    text TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    receipt TEXT NOT NULL DEFAULT '',
    receipt_at BIGINT,
    -- Not before: what the other side cannot take yet does not hold up what follows.
    next_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (region, sequence)
);
CREATE INDEX region_outbox_waiting ON region_outbox (region, sequence) WHERE result = '';
CREATE INDEX region_outbox_person ON region_outbox (region, person_key, sequence);

-- What came in, once; with the receipt that we signed.
CREATE TABLE region_inbox (
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    signed TEXT NOT NULL,
    result TEXT NOT NULL,
    receipt TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (region, id)
);

-- How the way to a region is: failures in a row, and not before when it is tried again.
CREATE TABLE region_link (
    region TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    last_ok_at BIGINT
);

-- What a peer sent and was not believed. One row for each kind and hour, so a flood stays small.
CREATE TABLE region_alarm (
    region TEXT NOT NULL,
    code TEXT NOT NULL,
    hour BIGINT NOT NULL,
    times BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (region, code, hour)
);

-- One shared record of an emergency on both sides (Art. 20).
CREATE TABLE region_incident (
    origin TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (origin, id)
);
