-- What goes against Art. 25(1) and (2), told by clerks, departments and holders, or found by the
-- platform, each with its way to an answer. item_code is empty when it is not known; told_by is empty
-- for those who give no name.
CREATE TABLE refusal_report (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    item_code TEXT NOT NULL,
    place TEXT NOT NULL,
    division TEXT NOT NULL,
    happened_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    told_by BIGINT,
    told_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    due_day TEXT NOT NULL,
    taken_by BIGINT,
    taken_name TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT '',
    answered_by BIGINT,
    closed_by BIGINT,
    closed_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    CHECK (kind IN ('refused', 'without-card', 'unserved')),
    CHECK (source IN ('holder', 'anonymous', 'clerk', 'department', 'terminal', 'platform')),
    CHECK (state IN ('open', 'taken', 'answered', 'closed')),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    -- Nobody closes what he answered himself.
    CHECK (closed_by IS NULL OR closed_by <> answered_by)
);
CREATE INDEX refusal_report_open ON refusal_report (due_day) WHERE state <> 'closed';
CREATE INDEX refusal_report_teller ON refusal_report (told_by);
-- One open case for an item that is not served.
CREATE UNIQUE INDEX refusal_report_unserved ON refusal_report (item_code)
    WHERE kind = 'unserved' AND state <> 'closed';
