-- Keys of holders' own devices: an app draws its key, the holder confirms it by a code to his telephone, and
-- credentials are issued for it from then on. ecard_id: a new electronic card is bound anew.
CREATE TABLE cq1_device (
    id BIGINT PRIMARY KEY,
    person_id BIGINT NOT NULL,
    ecard_id BIGINT NOT NULL,
    key BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    code_digest BYTEA,
    code_until BIGINT,
    made_at BIGINT NOT NULL,
    bound_at BIGINT,
    ended_at BIGINT,
    proved_at BIGINT NOT NULL DEFAULT 0,
    CHECK (state IN ('waiting', 'bound', 'ended')),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
CREATE INDEX cq1_device_person ON cq1_device (person_id);
-- For which device a credential was issued; revoked when the device was ended before it.
ALTER TABLE cq1_credential ADD COLUMN device_id BIGINT;
ALTER TABLE cq1_credential ADD COLUMN revoked BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX cq1_credential_device ON cq1_credential (device_id) WHERE device_id IS NOT NULL;
