-- A kind of notice that a person has switched off.
CREATE TABLE notice_off (
    person_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (person_id, kind)
);
-- A notice about a thing is sent once.
CREATE TABLE notice_sent (
    person_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    thing TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (person_id, kind, thing)
);
-- Somebody shall call back, come home, or help as a proxy (Art. 15).
CREATE TABLE help_request (
    id BIGINT PRIMARY KEY,
    person_id BIGINT,
    way TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    division TEXT NOT NULL,
    address TEXT NOT NULL,
    needs TEXT NOT NULL,
    opened_by BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    taken_by BIGINT,
    outlet_id BIGINT,
    ended_at BIGINT,
    result TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX help_request_queue ON help_request (division, state, id);
CREATE INDEX help_request_person ON help_request (person_id, id);
