-- Other cards and codes of departments, and how they are merged with the social security card (Art. 6, 16).
CREATE TABLE fusion_scheme (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    code TEXT NOT NULL,
    -- The code while the scheme lives; none once it was sent back or has ended, so that the code is free again.
    living TEXT UNIQUE,
    org_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    form TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    issuer TEXT NOT NULL,
    purpose_zh TEXT NOT NULL,
    purpose_en TEXT NOT NULL,
    area TEXT NOT NULL,
    functions TEXT NOT NULL,
    for_groups TEXT NOT NULL,
    fields TEXT NOT NULL,
    items TEXT NOT NULL,
    basis TEXT NOT NULL,
    national TEXT NOT NULL,
    holders BIGINT NOT NULL,
    technical TEXT NOT NULL,
    started_on TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Plans to merge; a new one takes the place of the one before when it is confirmed.
CREATE TABLE fusion_plan (
    id BIGINT PRIMARY KEY,
    scheme_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    route TEXT NOT NULL,
    from_day TEXT NOT NULL,
    target_day TEXT NOT NULL,
    todo_zh TEXT NOT NULL,
    todo_en TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX fusion_plan_of_scheme ON fusion_plan (scheme_id);

CREATE TABLE fusion_milestone (
    plan_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    due_on TEXT NOT NULL,
    done_on TEXT,
    evidence TEXT NOT NULL,
    PRIMARY KEY (plan_id, place)
);

-- How a scheme's codes are read: the layout as data, and its issuer's keys.
CREATE TABLE fusion_format (
    id BIGINT PRIMARY KEY,
    scheme_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    -- The prefix while the format is asked for or in force.
    living TEXT UNIQUE,
    layout TEXT NOT NULL,
    from_day TEXT NOT NULL,
    until_day TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE fusion_key (
    id BIGINT PRIMARY KEY,
    format_id BIGINT NOT NULL,
    kid TEXT NOT NULL,
    state TEXT NOT NULL,
    -- SM2: the public point. HMAC-SM3: the shared secret, encrypted with the installation's field key.
    material BYTEA NOT NULL,
    from_day TEXT NOT NULL,
    until_day TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (format_id, kid)
);

-- Which other cards and codes a person has linked.
CREATE TABLE fusion_link (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    scheme_id BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    last_four TEXT NOT NULL,
    from_day TEXT NOT NULL,
    until_day TEXT,
    source TEXT NOT NULL,
    linked_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (person_id, id)
);

-- Directory: whose a number is now. One number belongs to one person at a time.
CREATE TABLE fusion_number (
    digest BYTEA PRIMARY KEY,
    scheme_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    link_id BIGINT NOT NULL,
    until_day TEXT
);
CREATE INDEX fusion_number_by_scheme ON fusion_number (scheme_id);
CREATE INDEX fusion_number_by_end ON fusion_number (until_day);

-- Displays of signed codes that were accepted; kept as long as they could be shown again.
CREATE TABLE fusion_shown (
    digest BYTEA PRIMARY KEY,
    until BIGINT NOT NULL
);
CREATE INDEX fusion_shown_by_end ON fusion_shown (until);

-- Each use of a linked card or code, and each refusal of a known one.
CREATE TABLE fusion_use (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    scheme_id BIGINT NOT NULL,
    item_code TEXT NOT NULL,
    item_version BIGINT NOT NULL,
    item_name_zh TEXT NOT NULL,
    item_name_en TEXT NOT NULL,
    place TEXT NOT NULL,
    purpose TEXT NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (person_id, id)
);
