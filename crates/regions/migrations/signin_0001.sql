-- Sign-ins between regions: a service there asks for one of our holders ('in'), a service here for one of
-- theirs ('out'). What the holder agreed to is kept until it was fetched.
CREATE TABLE region_signin (
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    way TEXT NOT NULL,
    text TEXT NOT NULL,
    request TEXT NOT NULL,
    code BYTEA,
    person_id BIGINT,
    level BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    until BIGINT NOT NULL,
    spent BOOLEAN NOT NULL,
    PRIMARY KEY (region, id),
    CHECK (way IN ('in', 'out'))
);
CREATE INDEX region_signin_until ON region_signin (until);
