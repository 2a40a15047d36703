-- Reading devices at service points; each is an account of its own.
CREATE TABLE terminal (
    id BIGINT PRIMARY KEY,
    org_id BIGINT NOT NULL,
    place TEXT NOT NULL,
    items TEXT NOT NULL,
    blocked BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

-- Each use of a card, and each refusal of a known one.
CREATE TABLE card_use (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    item_code TEXT NOT NULL,
    item_version BIGINT NOT NULL,
    item_name_zh TEXT NOT NULL,
    item_name_en TEXT NOT NULL,
    terminal_id BIGINT NOT NULL,
    place TEXT NOT NULL,
    credential BYTEA NOT NULL,
    counter BIGINT,
    result TEXT NOT NULL,
    PRIMARY KEY (person_id, id),
    -- One display of a code is accepted once; refusals have no counter.
    UNIQUE (person_id, credential, counter)
);
