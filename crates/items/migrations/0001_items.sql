-- A version of an item. Once published its content never changes; only its last day may be set.
-- Lists of codes (ways, discloses) are separated by commas; days are YYYY-MM-DD.
CREATE TABLE item_version (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    field TEXT NOT NULL,
    list TEXT NOT NULL,
    owner_org BIGINT NOT NULL,
    level TEXT NOT NULL,
    ways TEXT NOT NULL,
    discloses TEXT NOT NULL,
    basis TEXT NOT NULL,
    guide_zh TEXT NOT NULL,
    guide_en TEXT NOT NULL,
    from_day TEXT NOT NULL,
    until_day TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (code, version),
    CHECK (state IN ('proposed', 'published', 'rejected')),
    CHECK (until_day IS NULL OR until_day >= from_day)
);
CREATE UNIQUE INDEX item_one_proposed ON item_version (code) WHERE state = 'proposed';
-- Two versions of one item never begin on the same day, and one at most has no end.
CREATE UNIQUE INDEX item_one_start ON item_version (code, from_day) WHERE state = 'published';
CREATE UNIQUE INDEX item_one_open ON item_version (code)
    WHERE state = 'published' AND until_day IS NULL;
