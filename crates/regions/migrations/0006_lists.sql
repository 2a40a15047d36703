-- The joint list (Art. 14): where the other region stands with each text of an item, as it last
-- said. A new draft does not hide what became of the text before it.
CREATE TABLE region_list (
    region TEXT NOT NULL,
    code TEXT NOT NULL,
    digest TEXT NOT NULL,
    text TEXT NOT NULL,
    came_at BIGINT NOT NULL,
    -- Whether what it called off was called off here.
    settled BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (region, code, digest)
);

-- What we last said of each of our cases.
CREATE TABLE region_list_told (
    region TEXT NOT NULL,
    case_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (region, case_id)
);
