-- A cooperating bank (Art. 10) is an organisation of kind 'bank' with a short code for files.
CREATE TABLE bank (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    phone TEXT NOT NULL,
    about_zh TEXT NOT NULL,
    about_en TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A version of the agreement. Once confirmed only its last day may be set nearer.
-- Codes of services and waivers are separated by commas; days are YYYY-MM-DD.
CREATE TABLE bank_agreement (
    id BIGINT PRIMARY KEY,
    bank_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    number TEXT NOT NULL,
    signed_on TEXT NOT NULL,
    from_day TEXT NOT NULL,
    until_day TEXT NOT NULL,
    services TEXT NOT NULL,
    waivers TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (bank_id, version),
    CHECK (state IN ('proposed', 'confirmed', 'rejected')),
    CHECK (until_day >= from_day)
);
CREATE UNIQUE INDEX bank_agreement_proposed ON bank_agreement (bank_id) WHERE state = 'proposed';
CREATE UNIQUE INDEX bank_agreement_start ON bank_agreement (bank_id, from_day)
    WHERE state = 'confirmed';

-- The financial function of a card: what the platform knows of the account at the bank.
CREATE TABLE bank_account (
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    bank_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    number BYTEA,
    last_four TEXT NOT NULL,
    digest BYTEA,
    expected TEXT,
    expected_at BIGINT,
    seen_at BIGINT,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, card_id),
    CHECK (state IN ('requested', 'opened', 'active', 'lost', 'frozen', 'closed', 'refused', 'unknown'))
);
CREATE INDEX bank_account_expected ON bank_account (expected_at) WHERE expected IS NOT NULL;
CREATE INDEX bank_account_card ON bank_account (card_id);

-- Directory by the keyed digest of bank and account number: one account belongs to one person.
CREATE TABLE bank_account_number (
    digest BYTEA PRIMARY KEY,
    person_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL
);

-- An intent, written before anything leaves; its id is the idempotency key at the bank. The sealed
-- body goes away with the final answer.
CREATE TABLE bank_request (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    bank_id BIGINT NOT NULL,
    operation TEXT NOT NULL,
    state TEXT NOT NULL,
    body BYTEA,
    sends BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    month TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    answered_at BIGINT,
    was_unknown BOOLEAN NOT NULL,
    answer TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (state IN ('waiting', 'sent', 'unknown', 'done', 'refused'))
);
CREATE INDEX bank_request_id ON bank_request (id);
CREATE INDEX bank_request_due ON bank_request (bank_id, next_at)
    WHERE state IN ('waiting', 'sent', 'unknown');
-- One change of an account at a time; only a report of loss does not wait for the one before.
CREATE UNIQUE INDEX bank_request_one ON bank_request (person_id, card_id)
    WHERE state IN ('waiting', 'sent', 'unknown')
      AND operation IN ('pre_open', 'activate', 'release', 'close');
CREATE UNIQUE INDEX bank_request_one_loss ON bank_request (person_id, card_id)
    WHERE state IN ('waiting', 'sent', 'unknown') AND operation = 'report_loss';
CREATE INDEX bank_request_card ON bank_request (person_id, card_id, id);
CREATE INDEX bank_request_month ON bank_request (month, bank_id);

-- What banks told by themselves; the same id changes nothing a second time.
CREATE TABLE bank_event (
    bank_id BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    result TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (bank_id, event_id)
);

-- The platform and the bank do not say the same, and somebody owns it.
CREATE TABLE bank_alarm (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    bank_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    expected TEXT NOT NULL,
    found TEXT NOT NULL,
    month TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    taken_by BIGINT,
    taken_name TEXT NOT NULL,
    taken_at BIGINT,
    note TEXT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);
CREATE UNIQUE INDEX bank_alarm_open ON bank_alarm (person_id, card_id, kind) WHERE closed_at IS NULL;
CREATE INDEX bank_alarm_id ON bank_alarm (id);
CREATE INDEX bank_alarm_bank ON bank_alarm (bank_id, closed_at);

-- Files that came in from banks, and what was wrong with their lines.
CREATE TABLE bank_file (
    id BIGINT PRIMARY KEY,
    bank_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest BYTEA NOT NULL,
    at BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    fault TEXT NOT NULL,
    UNIQUE (bank_id, digest)
);
CREATE TABLE bank_file_fault (
    file_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    fault TEXT NOT NULL,
    PRIMARY KEY (file_id, line)
);

CREATE TABLE bank_offer (
    id BIGINT PRIMARY KEY,
    bank_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    text_zh TEXT NOT NULL,
    text_en TEXT NOT NULL,
    divisions TEXT NOT NULL,
    from_day TEXT NOT NULL,
    until_day TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (state IN ('proposed', 'published', 'rejected', 'withdrawn')),
    CHECK (until_day >= from_day)
);
CREATE INDEX bank_offer_public ON bank_offer (state, until_day);
