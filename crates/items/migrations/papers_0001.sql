-- Papers and comments of a case, for those who take its steps (Art. 14). They hold no person's data and
-- are plain; digest is SM3 over the content.
CREATE TABLE item_paper (
    id BIGINT PRIMARY KEY,
    case_id BIGINT NOT NULL REFERENCES item_case (id),
    step TEXT NOT NULL,
    note TEXT NOT NULL,
    name TEXT NOT NULL,
    media TEXT NOT NULL,
    digest BYTEA NOT NULL,
    content BYTEA NOT NULL,
    made_by BIGINT NOT NULL,
    made_name TEXT NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE INDEX item_paper_by_case ON item_paper (case_id);
