-- The version whose beginning ended this one: should that be called off before its first day, this one
-- stays in force.
ALTER TABLE item_version ADD COLUMN ended_by BIGINT;
