-- Versions of questions with their answers; the newest published one of a code counts.
CREATE TABLE knowledge (
    id BIGINT PRIMARY KEY,
    code BIGINT NOT NULL,
    version BIGINT NOT NULL,
    topic TEXT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    review_on TEXT NOT NULL,
    state TEXT NOT NULL,
    approval_id BIGINT NOT NULL UNIQUE,
    made_at BIGINT NOT NULL,
    UNIQUE (code, version)
);
CREATE INDEX knowledge_state ON knowledge (state, code, version);
CREATE TABLE knowledge_voice (
    code BIGINT PRIMARY KEY,
    helpful BIGINT NOT NULL,
    unhelpful BIGINT NOT NULL
);
