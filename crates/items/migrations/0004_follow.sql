-- Who wants to be told: by SMS, of changes of the list (area empty: of all), and staff of the deadlines of
-- steps that they may take. told_to is the publication up to which he was told.
CREATE TABLE item_follower (
    account_id BIGINT PRIMARY KEY,
    phone TEXT NOT NULL,
    changes BOOLEAN NOT NULL,
    area TEXT NOT NULL,
    deadlines BOOLEAN NOT NULL,
    told_to BIGINT NOT NULL
);
CREATE INDEX item_follower_told ON item_follower (told_to) WHERE changes;
-- Of a step that waits: '', 'soon' or 'late', each told once.
ALTER TABLE item_step ADD COLUMN reminded TEXT NOT NULL DEFAULT '';
CREATE INDEX item_step_decided ON item_step (decided_at) WHERE decision <> 'open';
