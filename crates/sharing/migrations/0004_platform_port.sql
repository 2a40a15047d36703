-- How far the integrated public data platform was read, by the name of the way to it.
CREATE TABLE share_port_cursor (
    port TEXT PRIMARY KEY,
    after_mark TEXT NOT NULL,
    taken BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    at BIGINT NOT NULL
);
