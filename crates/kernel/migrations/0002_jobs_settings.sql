-- Work that repeats: one process at a time has the lease.
CREATE TABLE job (
    name TEXT PRIMARY KEY,
    lease_until BIGINT NOT NULL,
    last_at BIGINT,
    last_result TEXT NOT NULL,
    failures BIGINT NOT NULL
);

-- What the authority may tune (days, limits, switches): each value from its moment on.
CREATE TABLE setting (
    name TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (name, from_at)
);
