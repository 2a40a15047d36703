-- What finance may approve for a programme in a year; asked for by one, confirmed by another (Art. 25).
CREATE TABLE programme_budget (
    programme_id BIGINT NOT NULL,
    year TEXT NOT NULL,
    fen BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (programme_id, year),
    CHECK (fen >= 0)
);
