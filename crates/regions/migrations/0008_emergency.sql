-- Freezes across regions (Art. 20): 'out' those that we asked another region for, 'in' those that another
-- region asked us for. Whom it is about is known at home; here only the masked name is.
CREATE TABLE region_freeze (
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    way TEXT NOT NULL,
    state TEXT NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    person_id BIGINT,
    freeze_id BIGINT,
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    answered_at BIGINT,
    thawed_at BIGINT,
    -- 'out': a thaw that waits for its second officer.
    approval BIGINT,
    -- The home region asks for the end.
    plea TEXT NOT NULL DEFAULT '',
    plea_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (region, id),
    CHECK (way IN ('in', 'out')),
    CHECK (state IN ('asked', 'frozen', 'refused', 'thawed'))
);
CREATE INDEX region_freeze_at ON region_freeze (at);
CREATE INDEX region_freeze_made ON region_freeze (freeze_id);

-- The one record of an emergency that all its regions write on: what each noted, and that it is done there.
CREATE TABLE region_incident_note (
    origin TEXT NOT NULL,
    incident TEXT NOT NULL,
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    done BOOLEAN NOT NULL,
    PRIMARY KEY (origin, incident, region, id)
);

-- The last receipts, and what the other side refused, for the console.
CREATE INDEX region_outbox_receipt ON region_outbox (receipt_at) WHERE receipt_at IS NOT NULL;
CREATE INDEX region_outbox_refused ON region_outbox (receipt_at)
    WHERE receipt_at IS NOT NULL AND result <> 'ok';
