-- A list may be paid from a moment on, not before; 0 for at once.
ALTER TABLE roster ADD COLUMN not_before BIGINT NOT NULL DEFAULT 0;
