CREATE TABLE person (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL,
    document TEXT NOT NULL,
    name TEXT NOT NULL,
    pinyin TEXT NOT NULL,
    initials TEXT NOT NULL,
    sex TEXT NOT NULL,
    birth TEXT NOT NULL,
    nation TEXT NOT NULL,
    phone TEXT NOT NULL,
    address TEXT NOT NULL,
    household TEXT NOT NULL,
    ground TEXT NOT NULL,
    ground_until TEXT,
    deceased_on TEXT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX person_name ON person (name);
CREATE INDEX person_pinyin ON person (pinyin);
CREATE INDEX person_initials ON person (initials);
CREATE INDEX person_phone ON person (phone);

-- Directory: one person for each number, whatever its kind.
CREATE TABLE person_number (
    number TEXT PRIMARY KEY,
    person_id BIGINT NOT NULL
);
