-- Uses by hour with nobody in them: how many were accepted and refused. `day` and `hour` are
-- Chongqing's; item_code and field are empty for what was not on the list; division is that of the
-- organisation that owns the terminal.
CREATE TABLE use_hour (
    day TEXT NOT NULL,
    hour BIGINT NOT NULL,
    item_code TEXT NOT NULL,
    field TEXT NOT NULL,
    division TEXT NOT NULL,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (day, item_code, field, division, hour),
    CHECK (hour BETWEEN 0 AND 23)
);

-- The last use that was counted: it moves in the same transaction as the counts.
CREATE TABLE use_hour_cursor (
    name TEXT PRIMARY KEY,
    last_id BIGINT NOT NULL
);

CREATE INDEX card_use_by_id ON card_use (id);
