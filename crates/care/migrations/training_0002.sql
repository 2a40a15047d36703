-- Where a campaign is held; empty for the whole city.
ALTER TABLE publicity ADD COLUMN division TEXT NOT NULL DEFAULT '';
