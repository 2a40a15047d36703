-- What the list says of an item beside its name and ways (Art. 14). Lists of codes are separated by
-- commas; division is empty unless the item counts in one district only; offline_hours is the greatest
-- age of the list of refused cards; fees in fen; days are working days, 0 for at once.
ALTER TABLE item_version ADD COLUMN division TEXT NOT NULL DEFAULT '';
ALTER TABLE item_version ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE item_version ADD COLUMN functions TEXT NOT NULL DEFAULT '';
ALTER TABLE item_version ADD COLUMN channels TEXT NOT NULL DEFAULT '';
ALTER TABLE item_version ADD COLUMN places TEXT NOT NULL DEFAULT '';
ALTER TABLE item_version ADD COLUMN offline_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE item_version ADD COLUMN offline_hours BIGINT NOT NULL DEFAULT 0;
ALTER TABLE item_version ADD COLUMN fee_fen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE item_version ADD COLUMN time_limit BIGINT NOT NULL DEFAULT 0;
ALTER TABLE item_version ADD COLUMN materials TEXT NOT NULL DEFAULT '';
ALTER TABLE item_version ADD COLUMN person_groups TEXT NOT NULL DEFAULT '';
ALTER TABLE item_version ADD COLUMN phones TEXT NOT NULL DEFAULT '';
ALTER TABLE item_version ADD COLUMN published_at BIGINT NOT NULL DEFAULT 0;
UPDATE item_version SET published_at = created_at WHERE state = 'published';
CREATE INDEX item_by_publication ON item_version (published_at);

-- A version, or a withdrawal, on its way through one of the three procedures of Art. 14.
CREATE TABLE item_case (
    id BIGINT PRIMARY KEY,
    version_id BIGINT NOT NULL REFERENCES item_version (id),
    code TEXT NOT NULL,
    kind TEXT NOT NULL,
    last_day TEXT,
    made_by BIGINT NOT NULL,
    made_org BIGINT NOT NULL,
    state TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    CHECK (kind IN ('change', 'withdrawal')),
    CHECK (state IN ('open', 'done', 'rejected')),
    CHECK ((kind = 'withdrawal') = (last_day IS NOT NULL)),
    CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX item_case_open ON item_case (code) WHERE state = 'open';

-- A step of a case. Its id is that of its approval, which keeps the maker from checking.
CREATE TABLE item_step (
    id BIGINT PRIMARY KEY,
    case_id BIGINT NOT NULL REFERENCES item_case (id),
    step TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    due_day TEXT NOT NULL,
    decision TEXT NOT NULL,
    decided_by BIGINT,
    decided_name TEXT NOT NULL DEFAULT '',
    decided_at BIGINT,
    comment TEXT NOT NULL DEFAULT '',
    evidence TEXT NOT NULL DEFAULT '',
    UNIQUE (case_id, step),
    CHECK (decision IN ('open', 'yes', 'no')),
    CHECK ((decision = 'open') = (decided_by IS NULL))
);
CREATE INDEX item_step_open ON item_step (due_day) WHERE decision = 'open';

-- An item that may not be used for now, whatever the list says.
CREATE TABLE item_suspension (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    from_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    lifted_by BIGINT,
    lifted_at BIGINT,
    CHECK (lifted_by IS NULL OR lifted_by <> made_by),
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);
CREATE UNIQUE INDEX item_suspended ON item_suspension (code) WHERE lifted_at IS NULL;
