-- A resolve is one look into the directory: the row stands with its key.
-- only: sqlite
CREATE TABLE g2p_link_moved (
    link_key TEXT PRIMARY KEY,
    org_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    handle TEXT NOT NULL UNIQUE,
    bank TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO g2p_link_moved SELECT link_key, org_id, person_id, handle, bank, active, changed_at FROM g2p_link;
DROP TABLE g2p_link;
ALTER TABLE g2p_link_moved RENAME TO g2p_link;
CREATE INDEX g2p_link_person ON g2p_link (person_id);
-- end
