-- What a check of another region found, clause by clause: the newest check of each region (Art. 17).
CREATE TABLE region_check (
    region TEXT NOT NULL,
    clause TEXT NOT NULL,
    at BIGINT NOT NULL,
    holds BOOLEAN NOT NULL,
    said TEXT NOT NULL,
    PRIMARY KEY (region, clause)
);
