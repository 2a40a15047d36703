-- The journal as a transparency log: tiles of the tree, witnesses, erasure by order, lawful delay.

-- Hashes of the tree, up to 256 in a row (C2SP tlog-tiles). Derived; the last row of a level grows.
CREATE TABLE journal_tile (
    level BIGINT NOT NULL,
    tile_index BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (level, tile_index)
);

-- Under load a head is signed each second, so leaves may be ahead of the newest head.
ALTER TABLE journal_tree ADD COLUMN head BIGINT NOT NULL DEFAULT 0;
UPDATE journal_tree SET head = size;

CREATE UNIQUE INDEX journal_leaf_entry ON journal_leaf (entry_id);

-- The person whose data an entry concerns is shown it from this moment on; NULL: at once.
ALTER TABLE journal_entry ADD COLUMN shown_after BIGINT;
CREATE INDEX journal_entry_delayed ON journal_entry (shown_after) WHERE shown_after IS NOT NULL;

-- What stays of an entry whose content was erased: its place in time, its leaf, and the entry that
-- ordered it.
CREATE TABLE journal_erasure (
    entry_id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    leaf BYTEA NOT NULL,
    order_id BIGINT NOT NULL,
    ground TEXT NOT NULL
);

-- Witnesses of this journal, with what they said last.
CREATE TABLE journal_witness (
    name TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    url TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    added_at BIGINT NOT NULL,
    size BIGINT NOT NULL,
    last_at BIGINT,
    last_result TEXT NOT NULL,
    failures BIGINT NOT NULL
);
CREATE TABLE journal_cosignature (
    size BIGINT NOT NULL,
    witness TEXT NOT NULL,
    at BIGINT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (size, witness)
);

-- Logs of others that this installation witnesses, with the newest head seen.
CREATE TABLE witnessed_log (
    origin TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    added_at BIGINT NOT NULL,
    size BIGINT NOT NULL,
    note TEXT NOT NULL,
    seen_at BIGINT
);
CREATE TABLE witness_alarm (
    id BIGINT PRIMARY KEY,
    origin TEXT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    seen TEXT NOT NULL,
    note TEXT NOT NULL,
    UNIQUE (origin, kind, size, root)
);

-- only: sqlite
DROP TRIGGER journal_entry_keep_d;
CREATE TRIGGER journal_entry_keep_d BEFORE DELETE ON journal_entry WHEN NOT EXISTS (SELECT 1 FROM journal_erasure WHERE entry_id = OLD.id AND leaf = OLD.leaf) BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_erasure_keep_u BEFORE UPDATE ON journal_erasure BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_erasure_keep_d BEFORE DELETE ON journal_erasure BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_cosignature_keep_u BEFORE UPDATE ON journal_cosignature BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_cosignature_keep_d BEFORE DELETE ON journal_cosignature BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER witness_alarm_keep_u BEFORE UPDATE ON witness_alarm BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER witness_alarm_keep_d BEFORE DELETE ON witness_alarm BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- end
-- only: postgres
CREATE FUNCTION journal_erase() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF EXISTS (SELECT 1 FROM journal_erasure WHERE entry_id = OLD.id AND leaf = OLD.leaf) THEN RETURN OLD; END IF; RAISE EXCEPTION ''the journal is append-only''; END';
DROP TRIGGER journal_entry_keep ON journal_entry;
CREATE TRIGGER journal_entry_keep BEFORE UPDATE ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_entry_keep_d BEFORE DELETE ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_erase();
CREATE TRIGGER journal_erasure_keep BEFORE UPDATE OR DELETE ON journal_erasure FOR EACH ROW EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_erasure_keep_t BEFORE TRUNCATE ON journal_erasure FOR EACH STATEMENT EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_cosignature_keep BEFORE UPDATE OR DELETE ON journal_cosignature FOR EACH ROW EXECUTE FUNCTION journal_keep();
CREATE TRIGGER witness_alarm_keep BEFORE UPDATE OR DELETE ON witness_alarm FOR EACH ROW EXECUTE FUNCTION journal_keep();
-- end
