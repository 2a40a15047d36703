-- Questions about cards between regions: what others asked us ('in') and what we asked them ('out'). No
-- person and no code is in here; whose card it was stands in the journal of the region that issued it.
CREATE TABLE region_ask (
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    way TEXT NOT NULL,
    at BIGINT NOT NULL,
    item TEXT NOT NULL,
    result TEXT NOT NULL,
    millis BIGINT NOT NULL,
    PRIMARY KEY (region, id),
    CHECK (way IN ('in', 'out'))
);
CREATE INDEX region_ask_at ON region_ask (at);
