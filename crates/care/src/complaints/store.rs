//! All SQL of matters.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use kernel::work::{self, Waiting};
use time::Date;

use super::rules::{Matter, State};

const COLUMNS: &str = "id, reference, kind, field, division, channel, body, about_kind, about_id, \
     person_id, name, phone, opened_by, against, against_org, state, org_id, sensitive, opened_at, \
     due_on, extended, escalated, appealed, reminded, answered_at, answered_by, answered_org, \
     closed_at, outcome, answer, score, score_words, merged_into, version";

fn read(row: &Row) -> Result<Matter, DbError> {
    let (state, due): (String, String) = (row.get(15)?, row.get(19)?);
    Ok(Matter {
        id: row.get(0)?,
        reference: row.get(1)?,
        kind: row.get(2)?,
        field: row.get(3)?,
        division: row.get(4)?,
        channel: row.get(5)?,
        body: row.get(6)?,
        about: (row.get(7)?, row.get(8)?),
        person: row.get(9)?,
        name: row.get(10)?,
        phone: row.get(11)?,
        opened_by: row.get(12)?,
        against: row.get(13)?,
        against_org: row.get(14)?,
        state: State::of(&state).ok_or(DbError::Column { index: 15 })?,
        org: row.get(16)?,
        sensitive: row.get(17)?,
        opened_at: row.get(18)?,
        due: parse_day(&due).ok_or(DbError::Column { index: 19 })?,
        extended: row.get(20)?,
        escalated: row.get(21)?,
        appealed: row.get(22)?,
        reminded: row.get(23)?,
        answered_at: row.get(24)?,
        answered_by: row.get(25)?,
        answered_org: row.get(26)?,
        closed_at: row.get(27)?,
        outcome: row.get(28)?,
        answer: row.get(29)?,
        score: row.get(30)?,
        score_words: row.get(31)?,
        merged_into: row.get(32)?,
        version: row.get(33)?,
    })
}

/// Adds a matter.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, m: &Matter) -> Result<(), DbError> {
    let marks: Vec<String> = (1..=34).map(|n| format!("${n}")).collect();
    let sql = format!("INSERT INTO complaint ({COLUMNS}) VALUES ({})", marks.join(", "));
    let values: [Value<'_>; 34] = [
        v(m.id),
        v(&m.reference),
        v(&m.kind),
        v(&m.field),
        v(&m.division),
        v(&m.channel),
        sealed(&m.body),
        v(&m.about.0),
        v(&m.about.1),
        v(m.person),
        sealed(&m.name),
        sealed(&m.phone),
        v(m.opened_by),
        v(m.against),
        v(m.against_org),
        v(m.state.code()),
        v(m.org),
        v(m.sensitive),
        v(m.opened_at),
        v(day_text(m.due)),
        v(m.extended),
        v(m.escalated),
        v(m.appealed),
        v(m.reminded),
        v(m.answered_at),
        v(m.answered_by),
        v(m.answered_org),
        v(m.closed_at),
        v(&m.outcome),
        sealed(&m.answer),
        v(m.score),
        sealed(&m.score_words),
        v(m.merged_into),
        v(m.version),
    ];
    tx.execute(&sql, &values).map(drop)
}

/// Keeps a matter after an act; `m.version` is the new one.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else acted meanwhile.
pub fn save(tx: &mut Tx<'_>, m: &Matter) -> Result<(), DbError> {
    let sql = "UPDATE complaint SET state = $1, org_id = $2, due_on = $3, extended = $4,
        escalated = $5, appealed = $6, reminded = $7, answered_at = $8, answered_by = $9,
        answered_org = $10, closed_at = $11, outcome = $12, answer = $13, score = $14,
        score_words = $15, merged_into = $16, version = $17, against = $18, against_org = $19
        WHERE id = $20 AND version = $21";
    tx.execute_one(
        sql,
        &[
            v(m.state.code()),
            v(m.org),
            v(day_text(m.due)),
            v(m.extended),
            v(m.escalated),
            v(m.appealed),
            v(m.reminded),
            v(m.answered_at),
            v(m.answered_by),
            v(m.answered_org),
            v(m.closed_at),
            v(&m.outcome),
            sealed(&m.answer),
            v(m.score),
            sealed(&m.score_words),
            v(m.merged_into),
            v(m.version),
            v(m.against),
            v(m.against_org),
            v(m.id),
            v(m.version - 1),
        ],
    )
}

fn select(tx: &mut Tx<'_>, rest: &str, values: &[Value<'_>]) -> Result<Vec<Matter>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM complaint {rest}");
    tx.query(&sql, values)?.iter().map(read).collect()
}

/// One matter.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Matter>, DbError> {
    Ok(select(tx, "WHERE id = $1", &[v(id)])?.pop())
}

/// The matter that a reference follows.
///
/// # Errors
/// See [`DbError`].
pub fn by_reference(tx: &mut Tx<'_>, reference: &str) -> Result<Option<Matter>, DbError> {
    Ok(select(tx, "WHERE reference = $1", &[v(reference)])?.pop())
}

/// A person's matters, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Matter>, DbError> {
    select(tx, "WHERE person_id = $1 ORDER BY id DESC LIMIT 100", &[v(person)])
}

/// Matters that were merged into this one and wait for its answer.
///
/// # Errors
/// See [`DbError`].
pub fn merged(tx: &mut Tx<'_>, into: Id) -> Result<Vec<Matter>, DbError> {
    select(tx, "WHERE merged_into = $1 AND state = 'merged' ORDER BY id", &[v(into)])
}

/// Matters in a state, those due first; of an organisation or a division where one is given.
///
/// # Errors
/// See [`DbError`].
pub fn list(
    tx: &mut Tx<'_>,
    state: State,
    org: Option<Id>,
    division: Option<&str>,
) -> Result<Vec<Matter>, DbError> {
    let rest = "WHERE state = $1 AND ($2 = 0 OR org_id = $3 OR division = $4)
                ORDER BY due_on, id LIMIT 200";
    let narrow = i64::from(org.is_some() || division.is_some());
    let org = org.unwrap_or(Id(-1));
    select(tx, rest, &[v(state.code()), v(narrow), v(org), v(division.unwrap_or("-"))])
}

/// What an account entered since a moment, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn entered(tx: &mut Tx<'_>, account: Id, since: Utc) -> Result<Vec<Matter>, DbError> {
    let rest = "WHERE opened_by = $1 AND id >= $2 ORDER BY id DESC LIMIT 50";
    select(tx, rest, &[v(account), v(Id::not_before(since))])
}

/// All matters opened in a period: for figures.
///
/// # Errors
/// See [`DbError`].
pub fn opened_between(tx: &mut Tx<'_>, from: Utc, until: Utc) -> Result<Vec<Matter>, DbError> {
    select(tx, "WHERE opened_at >= $1 AND opened_at < $2 ORDER BY id", &[v(from), v(until)])
}

/// Open matters whose deadline is on or before `day`.
///
/// # Errors
/// See [`DbError`].
pub fn due(tx: &mut Tx<'_>, day: Date) -> Result<Vec<Matter>, DbError> {
    let rest = "WHERE state IN ('received', 'assigned') AND due_on <= $1
                AND (reminded = FALSE OR escalated = FALSE) ORDER BY due_on, id LIMIT 500";
    select(tx, rest, &[v(day_text(day))])
}

/// Matters answered before a moment on which nobody said more.
///
/// # Errors
/// See [`DbError`].
pub fn silent(tx: &mut Tx<'_>, before: Utc) -> Result<Vec<Matter>, DbError> {
    select(tx, "WHERE state = 'answered' AND answered_at < $1 ORDER BY id LIMIT 500", &[v(before)])
}

/// One step on the way of a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Utc,
    /// Code of the act; `open` for the first.
    pub act: String,
    /// Role of whoever acted; empty for a stranger.
    pub by_role: String,
    /// Reason, answer or words.
    pub note: String,
}

/// Adds the step that led to version `m.version`.
///
/// # Errors
/// See [`DbError`].
pub fn add_event(
    tx: &mut Tx<'_>,
    m: &Matter,
    event: &Event,
    account: Option<Id>,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO complaint_event (complaint_id, version, at, act, by_role, by_account, note)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            v(m.id),
            v(m.version),
            v(event.at),
            v(&event.act),
            v(&event.by_role),
            v(account),
            sealed(&event.note),
        ],
    )
    .map(drop)
}

/// The way of a matter, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn events(tx: &mut Tx<'_>, id: Id) -> Result<Vec<Event>, DbError> {
    let sql = "SELECT at, act, by_role, note FROM complaint_event WHERE complaint_id = $1
               ORDER BY version";
    let read = |row: &Row| {
        let (at, act, by_role, note) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(Event { at, act, by_role, note })
    };
    tx.query(sql, &[v(id)])?.iter().map(read).collect()
}

/// Lets an account see a sensitive matter.
///
/// # Errors
/// See [`DbError`].
pub fn name(tx: &mut Tx<'_>, id: Id, account: Id) -> Result<(), DbError> {
    let sql = "INSERT INTO complaint_named (complaint_id, account_id) VALUES ($1, $2)
               ON CONFLICT (complaint_id, account_id) DO NOTHING";
    tx.execute(sql, &[v(id), v(account)]).map(drop)
}

/// Open accounts of staff of two organisations: account and name.
///
/// # Errors
/// See [`DbError`].
pub fn staff(tx: &mut Tx<'_>, orgs: [Option<Id>; 2]) -> Result<Vec<(Id, String)>, DbError> {
    let [one, other] = orgs.map(|org| v(org.unwrap_or(Id(-1))));
    let sql =
        "SELECT id, name FROM account WHERE closed_at IS NULL AND (org_id = $1 OR org_id = $2)
                 AND role NOT IN ('holder', 'terminal') ORDER BY id LIMIT 200";
    let rows = tx.query(sql, &[one, other])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The sensitive matters that an account may see.
///
/// # Errors
/// See [`DbError`].
pub fn named(tx: &mut Tx<'_>, account: Id) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT complaint_id FROM complaint_named WHERE account_id = $1";
    tx.query(sql, &[v(account)])?.iter().map(|row| row.get(0)).collect()
}

/// Account and organisation behind an access that is on record about a person.
///
/// # Errors
/// See [`DbError`].
pub fn access(tx: &mut Tx<'_>, entry: Id, person: Id) -> Result<Option<(Id, Option<Id>)>, DbError> {
    let sql = "SELECT actor_id, org_id FROM journal_entry WHERE id = $1 AND subject_id = $2";
    let row = tx.optional(sql, &[v(entry), v(person)])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Who answers for a field and a place, the closest first: the route of both, of the field, of the
/// place, the place's authority, the city's.
///
/// # Errors
/// See [`DbError`].
pub fn answerers(tx: &mut Tx<'_>, field: &str, division: &str) -> Result<Vec<Id>, DbError> {
    let routes = "SELECT org_id FROM complaint_route
                  WHERE field IN ($1, '') AND division IN ($2, '')
                  ORDER BY field DESC, division DESC";
    let mut found: Vec<Id> = tx
        .query(routes, &[v(field), v(division)])?
        .iter()
        .map(|r| r.get(0))
        .collect::<Result<_, _>>()?;
    let hrss = "SELECT id FROM org WHERE kind = 'hrss' AND closed_at IS NULL AND division = $1
                ORDER BY id LIMIT 1";
    for place in [division, "500000"] {
        let authority = tx.optional(hrss, &[v(place)])?;
        found.extend(authority.map(|row| row.get::<Id>(0)).transpose()?);
    }
    Ok(found)
}

/// The authority above an organisation: its parent, else the city's.
///
/// # Errors
/// See [`DbError`].
pub fn above(tx: &mut Tx<'_>, org: Option<Id>) -> Result<Option<Id>, DbError> {
    let parent =
        tx.optional("SELECT parent FROM org WHERE id = $1", &[v(org.unwrap_or(Id(-1)))])?;
    if let Some(parent) = parent.map(|row| row.get(0)).transpose()?.flatten() {
        return Ok(Some(parent));
    }
    let sql = "SELECT id FROM org WHERE kind = 'hrss' AND division = '500000' AND closed_at IS NULL
               ORDER BY id LIMIT 1";
    let city = tx.optional(sql, &[])?.map(|row| row.get(0)).transpose()?;
    Ok(city.filter(|city| Some(*city) != org))
}

/// All routes: field, division, organisation; empty means all.
///
/// # Errors
/// See [`DbError`].
pub fn routes(tx: &mut Tx<'_>) -> Result<Vec<(String, String, Id)>, DbError> {
    let sql = "SELECT field, division, org_id FROM complaint_route ORDER BY field, division";
    let rows = tx.query(sql, &[])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// Sets who answers for a field and a place.
///
/// # Errors
/// See [`DbError`].
pub fn set_route(tx: &mut Tx<'_>, field: &str, division: &str, org: Id) -> Result<(), DbError> {
    let sql = "INSERT INTO complaint_route (field, division, org_id) VALUES ($1, $2, $3)
               ON CONFLICT (field, division) DO UPDATE SET org_id = excluded.org_id";
    tx.execute(sql, &[v(field), v(division), v(org)]).map(drop)
}

/// How many matters an actor's organisation has to answer; a district's officials for their division, the
/// municipal ones for all.
///
/// # Errors
/// See [`DbError`].
pub fn count_open(tx: &mut Tx<'_>, actor: &Actor, now: Utc) -> Result<Waiting, DbError> {
    let municipal = matches!(actor.role, Role::MunicipalOfficer | Role::MunicipalApprover);
    let district = matches!(actor.role, Role::DistrictOfficer | Role::DistrictApprover);
    let division = if district { actor.division.as_str() } else { "-" };
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN due_on < $1 THEN 1 END) FROM complaint
               WHERE state IN ('received', 'assigned') AND ($2 OR org_id = $3 OR division = $4)";
    work::counted(
        tx,
        sql,
        &[v(day_text(now.day())), v(municipal), v(actor.org.unwrap_or(Id(-1))), v(division)],
    )
}
