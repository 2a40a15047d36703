-- Signed lists of trusted regions, for terminals without a network. root is the compressed point that the
-- region's key list is signed with; kind is 'keys' or 'status'.
CREATE TABLE cq1_abroad (
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    root BYTEA NOT NULL,
    serial BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (region, kind)
);
