-- Courses with questions (Art. 21). A course is opened by somebody else than who wrote it.
CREATE TABLE training_course (
    id BIGINT PRIMARY KEY,
    title TEXT NOT NULL,
    words TEXT NOT NULL,
    roles TEXT NOT NULL,
    asked BIGINT NOT NULL,
    pass_percent BIGINT NOT NULL,
    valid_days BIGINT NOT NULL,
    state TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    opened_by BIGINT,
    version BIGINT NOT NULL,
    CHECK (state IN ('draft', 'open', 'closed')),
    CHECK (pass_percent BETWEEN 1 AND 100),
    CHECK (asked > 0 AND valid_days > 0),
    CHECK (opened_by IS NULL OR opened_by <> made_by)
);

CREATE TABLE training_question (
    course_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    words TEXT NOT NULL,
    options TEXT NOT NULL,
    answer BIGINT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (course_id, id)
);

-- One try of one account: what was asked, and how it ended.
CREATE TABLE training_attempt (
    account_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    course_id BIGINT NOT NULL,
    asked TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    ended_at BIGINT,
    percent BIGINT,
    passed BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, id)
);

CREATE TABLE training_certificate (
    account_id BIGINT NOT NULL,
    course_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    number TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    got_on TEXT NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (account_id, course_id, id)
);
CREATE INDEX training_certificate_course ON training_certificate (course_id, until);

-- From a day on, a role needs a valid certificate of a course to work.
CREATE TABLE training_requirement (
    role TEXT NOT NULL,
    course_id BIGINT NOT NULL,
    since TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    PRIMARY KEY (role, course_id)
);

-- Publicity: campaigns with what they reached, and announcements; published by somebody else than who
-- wrote them.
CREATE TABLE publicity (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    words TEXT NOT NULL,
    audience TEXT NOT NULL,
    channel TEXT NOT NULL,
    item TEXT NOT NULL,
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    state TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_name TEXT NOT NULL,
    published_by BIGINT,
    published_at BIGINT,
    version BIGINT NOT NULL,
    CHECK (kind IN ('campaign', 'announcement')),
    CHECK (state IN ('draft', 'published', 'withdrawn')),
    CHECK (published_by IS NULL OR published_by <> made_by)
);
CREATE INDEX publicity_days ON publicity (kind, state, first_day);

CREATE TABLE publicity_reach (
    publicity_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    people BIGINT NOT NULL,
    entered_by BIGINT NOT NULL,
    PRIMARY KEY (publicity_id, id),
    CHECK (people >= 0)
);
