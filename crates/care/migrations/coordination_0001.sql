-- Who has which duty under the regulation (Art. 9), by day, for ever.
CREATE TABLE coord_duty (
    id BIGINT PRIMARY KEY,
    org_id BIGINT NOT NULL,
    article BIGINT NOT NULL,
    words TEXT NOT NULL,
    field TEXT NOT NULL,
    every_days BIGINT NOT NULL,
    since TEXT NOT NULL,
    until TEXT,
    version BIGINT NOT NULL,
    CHECK (every_days >= 0)
);
CREATE INDEX coord_duty_org ON coord_duty (org_id, id);

-- Meetings of the coordination mechanism and what they decided.
CREATE TABLE coord_meeting (
    id BIGINT PRIMARY KEY,
    day TEXT NOT NULL,
    title TEXT NOT NULL,
    present TEXT NOT NULL,
    minutes TEXT NOT NULL,
    entered_by BIGINT NOT NULL,
    entered_name TEXT NOT NULL,
    entered_at BIGINT NOT NULL
);

-- Tasks between governments and departments. Whoever reports that one is done is not who confirms it.
CREATE TABLE coord_task (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    words TEXT NOT NULL,
    field TEXT NOT NULL,
    division TEXT NOT NULL,
    asking_org BIGINT,
    lead_org BIGINT NOT NULL,
    meeting_id BIGINT,
    duty_id BIGINT,
    due TEXT NOT NULL,
    state TEXT NOT NULL,
    percent BIGINT NOT NULL,
    made_by BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    reported_by BIGINT,
    confirmed_by BIGINT,
    reminded_on TEXT,
    escalated_on TEXT,
    ended_at BIGINT,
    version BIGINT NOT NULL,
    CHECK (kind IN ('task', 'proposal', 'duty')),
    CHECK (state IN ('consulting', 'given', 'accepted', 'reported', 'disputed', 'done', 'dropped')),
    CHECK (percent BETWEEN 0 AND 100),
    CHECK (confirmed_by IS NULL OR confirmed_by <> reported_by)
);
CREATE INDEX coord_task_open ON coord_task (state, due);
CREATE INDEX coord_task_lead ON coord_task (lead_org, state);
CREATE UNIQUE INDEX coord_task_duty ON coord_task (duty_id, due) WHERE duty_id IS NOT NULL;

-- What was said and done about a task.
CREATE TABLE coord_step (
    task_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    act TEXT NOT NULL,
    by_name TEXT NOT NULL,
    org_id BIGINT,
    words TEXT NOT NULL,
    PRIMARY KEY (task_id, id)
);

-- Departments that are asked for their opinion about a proposal to bring a field under the card.
CREATE TABLE coord_opinion (
    task_id BIGINT NOT NULL,
    org_id BIGINT NOT NULL,
    due TEXT NOT NULL,
    opinion TEXT NOT NULL,
    words TEXT NOT NULL,
    by_name TEXT NOT NULL,
    said_at BIGINT,
    reminded_on TEXT,
    PRIMARY KEY (task_id, org_id),
    CHECK (opinion IN ('asked', 'agrees', 'agrees-with-changes', 'objects'))
);
