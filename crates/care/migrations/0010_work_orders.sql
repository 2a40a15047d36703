-- One line for each order of 12345 or 12333 that became a matter: the key makes it exactly one.
CREATE TABLE work_order (
    channel TEXT NOT NULL,
    number TEXT NOT NULL,
    complaint_id BIGINT NOT NULL UNIQUE,
    content TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    reported_version BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_try_at BIGINT NOT NULL,
    PRIMARY KEY (channel, number)
);

-- The same number with another content: never carried out, shown to a person.
CREATE TABLE work_order_contradiction (
    id BIGINT PRIMARY KEY,
    channel TEXT NOT NULL,
    number TEXT NOT NULL,
    content TEXT NOT NULL,
    digest BYTEA NOT NULL,
    seen_at BIGINT NOT NULL,
    settled_at BIGINT,
    settled_by BIGINT,
    note TEXT NOT NULL,
    UNIQUE (channel, number, digest)
);
