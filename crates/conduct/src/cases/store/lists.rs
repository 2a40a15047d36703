//! SQL of lists and counts: nothing in them tells of a person.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use kernel::work::{self, Waiting};
use time::Date;

use super::{COLUMNS, Case, day, known, read};
use crate::cases::rules::{Hand, Source, State};

/// What a list of cases is narrowed to; empty texts narrow nothing.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Filter {
    /// Code of a state; `open` for all that are not done.
    #[serde(default)]
    pub state: String,
    /// Code of a clause, or `24` or `25`.
    #[serde(default)]
    pub clause: String,
    /// Code of a source.
    #[serde(default)]
    pub source: String,
    /// Division.
    #[serde(default)]
    pub division: String,
    /// The reader's own cases only.
    #[serde(default)]
    pub mine: String,
}

/// A case in a list.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its id.
    pub id: Id,
    /// Its number.
    pub number: String,
    /// Where it comes from.
    pub source: Source,
    /// Code of the clause.
    pub clause: String,
    /// Division.
    pub division: String,
    /// How it stands.
    pub state: State,
    /// Since when.
    pub state_since: Utc,
    /// Deadline of the state.
    pub due: Option<Date>,
    /// Name of the investigator.
    pub investigator_name: String,
}

impl Line {
    /// What a list tells of a case.
    pub fn of(case: &Case) -> Self {
        Self {
            id: case.id,
            number: case.number.clone(),
            source: case.source,
            clause: case.clause.clone(),
            division: case.about.division.clone(),
            state: case.state,
            state_since: case.state_since,
            due: case.due,
            investigator_name: case.investigator_name.clone(),
        }
    }
}

/// Cases that fit a filter, newest first, before an id.
///
/// # Errors
/// See [`DbError`].
pub fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    reader: Id,
    before: Id,
    most: i64,
) -> Result<Vec<Line>, DbError> {
    let mut sql = String::from(
        "SELECT id, number, source, clause, division, state, state_since, due, investigator_name
         FROM conduct_case WHERE id < $1",
    );
    let mut params: Vec<Value<'_>> = vec![v(before)];
    let exact =
        [("source", &filter.source), ("division", &filter.division), ("state", &filter.state)];
    for (column, value) in exact.into_iter().filter(|(_, value)| !value.is_empty()) {
        if column == "state" && value == "open" {
            sql.push_str(" AND state NOT IN ('duplicate', 'not-ours', 'closed')");
            continue;
        }
        params.push(v(value));
        sql.push_str(&format!(" AND {column} = ${}", params.len()));
    }
    if !filter.clause.is_empty() {
        let (least, most) = (filter.clause.clone(), format!("{}~", filter.clause));
        params.push(v(least));
        params.push(v(most));
        let at = params.len();
        sql.push_str(&format!(" AND clause >= ${} AND clause < ${at}", at - 1));
    }
    if !filter.mine.is_empty() {
        params.push(v(reader));
        let at = params.len();
        sql.push_str(&format!(
            " AND (investigator = ${at} OR decider = ${at} OR reviewer = ${at})"
        ));
    }
    params.push(v(most));
    sql.push_str(&format!(" ORDER BY id DESC LIMIT ${}", params.len()));
    let line = |row: &Row| {
        Ok(Line {
            id: row.get(0)?,
            number: row.get(1)?,
            source: known(Source::from_code(&row.get::<String>(2)?))?,
            clause: row.get(3)?,
            division: row.get(4)?,
            state: known(State::from_code(&row.get::<String>(5)?))?,
            state_since: row.get(6)?,
            due: day(row.get(7)?)?,
            investigator_name: row.get(8)?,
        })
    };
    tx.query(&sql, &params)?.iter().map(line).collect()
}

/// How many cases there are by clause and state; of one division when it is not empty.
///
/// # Errors
/// See [`DbError`].
pub fn counts(tx: &mut Tx<'_>, division: &str) -> Result<Vec<(String, String, i64)>, DbError> {
    let sql = "SELECT clause, state, COUNT(*) FROM conduct_case
               WHERE $1 = '' OR division = $2 GROUP BY clause, state ORDER BY clause, state";
    let rows = tx.query(sql, &[v(division), v(division)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// Decisions against which nobody can appeal any more.
///
/// # Errors
/// See [`DbError`].
pub fn due_for_final(tx: &mut Tx<'_>, today: Date) -> Result<Vec<Id>, DbError> {
    let sql =
        "SELECT id FROM conduct_case WHERE state = 'decided' AND due < $1 ORDER BY id LIMIT 500";
    tx.query(sql, &[v(day_text(today))])?.iter().map(|row| row.get(0)).collect()
}

/// Cases in which somebody was told that he is concerned, newest first: his own as a holder, as staff, or
/// as one who answers for his organisation.
///
/// # Errors
/// See [`DbError`].
pub fn of_concerned(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Case>, DbError> {
    const ANSWERS: &[Role] = &[
        Role::OutletManager,
        Role::DepartmentOfficer,
        Role::DistrictApprover,
        Role::MunicipalApprover,
        Role::Bank,
    ];
    let nobody = Id(-1);
    let org = actor.org.filter(|_| ANSWERS.contains(&actor.role)).unwrap_or(nobody);
    let sql = format!(
        "SELECT {COLUMNS} FROM conduct_case
         WHERE (person_id = $1 OR account_id = $2 OR (org_id = $3 AND party = 'body'))
           AND notice IS NOT NULL ORDER BY id DESC LIMIT 50"
    );
    let keys = [v(actor.person.unwrap_or(nobody)), v(actor.account), v(org)];
    tx.query(&sql, &keys)?.iter().map(read).collect()
}

/// What waits for an actor: reports that nobody took for those who investigate, and his own cases.
///
/// # Errors
/// See [`DbError`].
pub fn count_mine(tx: &mut Tx<'_>, actor: &Actor, now: Utc) -> Result<Waiting, DbError> {
    let investigates = Hand::Investigate.roles().contains(&actor.role);
    let municipal = actor.role == Role::MunicipalOfficer;
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN due < $1 THEN 1 END) FROM conduct_case
               WHERE state = 'reported' AND investigator IS NULL AND $2 AND ($3 OR division = $4)
                  OR state IN ('reported', 'investigating', 'notified', 'heard') AND investigator = $5
                  OR state = 'proposed' AND decider = $6 OR state = 'appealed' AND reviewer = $7";
    let me = actor.account;
    let values = [
        v(day_text(now.day())),
        v(investigates),
        v(municipal),
        v(&actor.division),
        v(me),
        v(me),
        v(me),
    ];
    work::counted(tx, sql, &values)
}
