-- The name of the actor is sealed; another key may seal it anew. Nothing else of an entry ever changes,
-- and whoever writes a false name this way is found by the entry's leaf.
-- only: sqlite
DROP TRIGGER journal_entry_keep_u;
CREATE TRIGGER journal_entry_keep_u BEFORE UPDATE ON journal_entry WHEN NOT (substr(OLD.actor_name, 1, 1) = char(1) AND substr(NEW.actor_name, 1, 1) = char(1) AND NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.act IS OLD.act AND NEW.actor_id IS OLD.actor_id AND NEW.actor_role IS OLD.actor_role AND NEW.org_id IS OLD.org_id AND NEW.subject_id IS OLD.subject_id AND NEW.object IS OLD.object AND NEW.item IS OLD.item AND NEW.purpose IS OLD.purpose AND NEW.basis IS OLD.basis AND NEW.fields IS OLD.fields AND NEW.result IS OLD.result AND NEW.detail IS OLD.detail AND NEW.shown_after IS OLD.shown_after AND NEW.salt IS OLD.salt AND NEW.leaf IS OLD.leaf) BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- end
-- only: postgres
CREATE FUNCTION journal_reseal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF left(OLD.actor_name, 1) = chr(1) AND left(NEW.actor_name, 1) = chr(1) AND to_jsonb(NEW) - ''actor_name'' = to_jsonb(OLD) - ''actor_name'' THEN RETURN NEW; END IF; RAISE EXCEPTION ''the journal is append-only''; END';
DROP TRIGGER journal_entry_keep ON journal_entry;
CREATE TRIGGER journal_entry_keep BEFORE UPDATE ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_reseal();
-- end
