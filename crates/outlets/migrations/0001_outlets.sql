-- A service outlet (Art. 11) is an organisation of kind 'outlet'. What it is on a day is told by its
-- confirmed version that began last: set up, moved and closed are all versions.
-- Words of a list are separated by commas; hours are seven days separated by ';'.
-- Coordinates are millionths of a degree (WGS 84).
CREATE TABLE outlet_version (
    outlet_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    from_day TEXT NOT NULL,
    closed BOOLEAN NOT NULL,
    kind TEXT NOT NULL,
    division TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    address TEXT NOT NULL,
    directions TEXT NOT NULL,
    latitude BIGINT NOT NULL,
    longitude BIGINT NOT NULL,
    phone TEXT NOT NULL,
    hours TEXT NOT NULL,
    services TEXT NOT NULL,
    languages TEXT NOT NULL,
    access TEXT NOT NULL,
    counters BIGINT NOT NULL,
    reason TEXT NOT NULL,
    decided_at BIGINT,
    PRIMARY KEY (outlet_id, version),
    CHECK (state IN ('proposed', 'confirmed', 'rejected'))
);
CREATE UNIQUE INDEX outlet_version_waiting ON outlet_version (outlet_id) WHERE state = 'proposed';
CREATE INDEX outlet_version_confirmed ON outlet_version (outlet_id, decided_at)
    WHERE state = 'confirmed';

-- Single days with other hours; empty hours are a closed day.
CREATE TABLE outlet_exception (
    outlet_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    hours TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (outlet_id, day)
);

-- The last number given out on a day.
CREATE TABLE queue_day (
    outlet_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    last_number BIGINT NOT NULL,
    -- Calls out of turn since the last one in turn.
    ahead BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (outlet_id, day)
);

-- A place in the queue. It knows a person only when he took it from his own phone or has an
-- appointment; that is forgotten after some days.
CREATE TABLE queue_ticket (
    outlet_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    number BIGINT NOT NULL,
    service TEXT NOT NULL,
    turn TEXT NOT NULL,
    state TEXT NOT NULL,
    person_id BIGINT,
    counter BIGINT,
    calls BIGINT NOT NULL,
    taken_at BIGINT NOT NULL,
    -- When it may be called: the time of an appointment, else when it was taken.
    due_at BIGINT NOT NULL,
    called_at BIGINT,
    ended_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (outlet_id, day, number),
    CHECK (state IN ('waiting', 'called', 'done', 'missed', 'left')),
    CHECK (turn IN ('usual', 'care', 'appointment'))
);
-- A counter serves one at a time.
CREATE UNIQUE INDEX queue_ticket_counter ON queue_ticket (outlet_id, day, counter)
    WHERE state = 'called';
-- A person stands in one queue at a time.
CREATE UNIQUE INDEX queue_ticket_person ON queue_ticket (person_id)
    WHERE state IN ('waiting', 'called') AND person_id IS NOT NULL;
CREATE INDEX queue_ticket_day ON queue_ticket (day, outlet_id);

-- A seat in a slot of an outlet's day; the slot is minutes since midnight.
CREATE TABLE appointment (
    person_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    outlet_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    slot BIGINT NOT NULL,
    seat BIGINT NOT NULL,
    service TEXT NOT NULL,
    needs TEXT NOT NULL,
    state TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    reminded_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (person_id, id),
    CHECK (state IN ('booked', 'arrived', 'cancelled', 'missed'))
);
-- What makes overbooking impossible.
CREATE UNIQUE INDEX appointment_seat ON appointment (outlet_id, day, slot, seat)
    WHERE state IN ('booked', 'arrived');
-- Nobody is in two places at the same time.
CREATE UNIQUE INDEX appointment_once ON appointment (person_id, day, slot) WHERE state = 'booked';
CREATE INDEX appointment_day ON appointment (day, state);
