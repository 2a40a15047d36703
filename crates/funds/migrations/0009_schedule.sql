-- A list may be paid from a moment on, not before.
ALTER TABLE pay_batch ADD COLUMN not_before BIGINT NOT NULL DEFAULT 0;
