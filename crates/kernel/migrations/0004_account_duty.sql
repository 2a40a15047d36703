-- What an account must do before it may do anything else: everything but these pages is closed to it.
CREATE TABLE account_duty (
    account_id BIGINT PRIMARY KEY,
    href TEXT NOT NULL,
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    since BIGINT NOT NULL
);
