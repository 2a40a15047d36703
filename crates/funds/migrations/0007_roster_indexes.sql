-- Most lines are good; only the others are looked for by their state.
DROP INDEX roster_line_state;
CREATE INDEX roster_line_state ON roster_line (roster_id, state, line) WHERE state <> 'good';
CREATE INDEX roster_line_warn ON roster_line (roster_id, line) WHERE warn <> '';
DROP INDEX roster_line_person;
CREATE INDEX roster_line_person ON roster_line (person_id, roster_id, line) WHERE person_id IS NOT NULL;
