-- The joint list: when the other side opened the case that its word is about, so that an older case never
-- hides the newer one.
ALTER TABLE region_list ADD COLUMN opened BIGINT NOT NULL DEFAULT 0;

-- Whether each side asks and answers who has a card already: a region that has it off says so.
CREATE TABLE onecard_stand (
    region TEXT PRIMARY KEY,
    told TEXT NOT NULL DEFAULT '',
    theirs TEXT NOT NULL DEFAULT 'on',
    CHECK (told IN ('', 'on', 'off')),
    CHECK (theirs IN ('on', 'off'))
);

-- Our own word that our key is no longer to be believed, until each region has it.
CREATE TABLE region_revocation (
    region TEXT NOT NULL,
    serial BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    signed TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    told_at BIGINT,
    PRIMARY KEY (region, serial)
);

-- Lists of regions that all their members sign (Art. 23).
CREATE TABLE region_circle (
    id TEXT PRIMARY KEY,
    proposer TEXT NOT NULL,
    serial BIGINT NOT NULL,
    text TEXT NOT NULL,
    members TEXT NOT NULL,
    state TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    signed_by BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    CHECK (state IN ('open', 'signed', 'whole', 'refused'))
);
CREATE TABLE region_circle_signature (
    id TEXT NOT NULL,
    region TEXT NOT NULL,
    signature TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (id, region)
);
-- The list whose members all vouch for a descriptor: then no fingerprint is read out.
ALTER TABLE region_descriptor ADD COLUMN vouched TEXT NOT NULL DEFAULT '';

-- Places where holders of the other region are served: ours as we told them, theirs as they did.
CREATE TABLE region_place (
    region TEXT NOT NULL,
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (region, place)
);
CREATE TABLE region_place_told (
    region TEXT NOT NULL,
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (region, place)
);
