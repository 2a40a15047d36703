-- Keys of Open311 clients; only the SM3 digest of a key is kept.
CREATE TABLE open311_key (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by BIGINT NOT NULL,
    closed_at BIGINT
);

-- What a client sent beside the words of the matter.
CREATE TABLE open311_request (
    complaint_id BIGINT PRIMARY KEY,
    digest TEXT NOT NULL,
    service_code TEXT NOT NULL,
    address TEXT NOT NULL,
    lat TEXT NOT NULL,
    long TEXT NOT NULL,
    requested_at BIGINT NOT NULL
);
CREATE INDEX open311_request_at ON open311_request (requested_at);
