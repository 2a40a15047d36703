//! SQL of cases.

mod decisions;
mod evidence;
mod lists;

pub use decisions::{
    Round, decide, insert_round, return_round, review_round, rounds, set_correct_by,
};
pub use evidence::{Piece, content, insert_piece, pieces};
pub use lists::{Filter, Line, count_mine, counts, due_for_final, list, of_concerned};

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

use super::rules::{Concerned, Hand, Origin, Party, Source, State};

/// A case as stored; sealed parts stay sealed.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id.
    pub id: Id,
    /// Its number for people.
    pub number: String,
    /// Digest of the follow-up code; empty when there is none.
    pub code: Vec<u8>,
    /// Where it comes from.
    pub source: Source,
    /// The thing that it comes from.
    pub origin: Option<Origin>,
    /// Code of the clause; empty when it is not clear yet.
    pub clause: String,
    /// What was told, sealed.
    pub words: Vec<u8>,
    /// When.
    pub reported_at: Utc,
    /// The reporter's name under the reporters' key.
    pub identity: Option<Vec<u8>>,
    /// What the reporter is told, sealed.
    pub said: Option<Vec<u8>>,
    /// How it stands.
    pub state: State,
    /// The case that it was joined to.
    pub duplicate_of: Option<Id>,
    /// Who is concerned, as far as it keeps people out.
    pub about: Concerned,
    /// His name, sealed.
    pub respondent: Option<Vec<u8>>,
    /// Account of the investigator.
    pub investigator: Option<Id>,
    /// His name.
    pub investigator_name: String,
    /// Account of the decider.
    pub decider: Option<Id>,
    /// His name.
    pub decider_name: String,
    /// Account of the reviewer.
    pub reviewer: Option<Id>,
    /// His name.
    pub reviewer_name: String,
    /// What the one concerned was told, sealed.
    pub notice: Option<Vec<u8>>,
    /// What he answered, sealed.
    pub reply: Option<Vec<u8>>,
    /// Pieces of evidence.
    pub evidence: i64,
    /// Deadline of the state.
    pub due: Option<Date>,
    /// Since when it is in its state.
    pub state_since: Utc,
    /// Counts its changes.
    pub version: i64,
}

const COLUMNS: &str = "id, number, code, source, origin, clause, division, words, reported_at, \
     reporter_mark, identity, said, state, duplicate_of, party, respondent, person_id, account_id, \
     org_id, head, investigator, investigator_name, decider, decider_name, reviewer, reviewer_name, \
     notice, reply, evidence, due, state_since, version";

fn known<T>(value: Option<T>) -> Result<T, DbError> {
    value.ok_or_else(|| DbError::Engine("a case cannot be read".to_owned()))
}

fn day(text: Option<String>) -> Result<Option<Date>, DbError> {
    text.map(|text| known(parse_day(&text))).transpose()
}

fn read(row: &Row) -> Result<Case, DbError> {
    let party: String = row.get(14)?;
    Ok(Case {
        id: row.get(0)?,
        number: row.get(1)?,
        code: row.get(2)?,
        source: known(Source::from_code(&row.get::<String>(3)?))?,
        origin: Origin::parse(&row.get::<String>(4)?),
        clause: row.get(5)?,
        words: row.get(7)?,
        reported_at: row.get(8)?,
        identity: row.get(10)?,
        said: row.get(11)?,
        state: known(State::from_code(&row.get::<String>(12)?))?,
        duplicate_of: row.get(13)?,
        about: Concerned {
            party: Party::from_code(&party),
            account: row.get(17)?,
            person: row.get(16)?,
            org: row.get(18)?,
            head: row.get(19)?,
            reporter: row.get(9)?,
            division: row.get(6)?,
        },
        respondent: row.get(15)?,
        investigator: row.get(20)?,
        investigator_name: row.get(21)?,
        decider: row.get(22)?,
        decider_name: row.get(23)?,
        reviewer: row.get(24)?,
        reviewer_name: row.get(25)?,
        notice: row.get(26)?,
        reply: row.get(27)?,
        evidence: row.get(28)?,
        due: day(row.get(29)?)?,
        state_since: row.get(30)?,
        version: row.get(31)?,
    })
}

fn values(case: &Case) -> Vec<Value<'_>> {
    let about = &case.about;
    vec![
        v(case.id),
        v(&case.number),
        v(case.code.as_slice()),
        v(case.source.code()),
        v(case.origin.as_ref().map(ToString::to_string).unwrap_or_default()),
        v(&case.clause),
        v(&about.division),
        v(case.words.as_slice()),
        v(case.reported_at),
        v(about.reporter.as_slice()),
        v(case.identity.clone()),
        v(case.said.clone()),
        v(case.state.code()),
        v(case.duplicate_of),
        v(about.party.map_or("", Party::code)),
        v(case.respondent.clone()),
        v(about.person),
        v(about.account),
        v(about.org),
        v(about.head),
        v(case.investigator),
        v(&case.investigator_name),
        v(case.decider),
        v(&case.decider_name),
        v(case.reviewer),
        v(&case.reviewer_name),
        v(case.notice.clone()),
        v(case.reply.clone()),
        v(case.evidence),
        v(case.due.map(day_text)),
        v(case.state_since),
        v(case.version),
    ]
}

/// Enters a case; one whose origin has a case already stays out.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, case: &Case) -> Result<bool, DbError> {
    let target = format!("conduct_case ({COLUMNS})");
    Ok(tx.insert_rows(&target, "ON CONFLICT DO NOTHING", &[values(case)])? == [true])
}

/// Writes how a case stands now.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else changed it meanwhile.
pub fn update(tx: &mut Tx<'_>, case: &Case) -> Result<(), DbError> {
    let columns: Vec<&str> = COLUMNS.split(", ").collect();
    let sets = columns.iter().enumerate().filter(|(_, name)| !matches!(**name, "id" | "version"));
    let sets: Vec<String> = sets.map(|(at, name)| format!("{name} = ${}", at + 1)).collect();
    let sql = format!(
        "UPDATE conduct_case SET {}, version = version + 1 WHERE id = $1 AND version = ${}",
        sets.join(", "),
        columns.len()
    );
    tx.execute_one(&sql, &values(case))
}

/// A case by its id.
///
/// # Errors
/// See [`DbError`].
pub fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Case>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM conduct_case WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// A case by its number.
///
/// # Errors
/// See [`DbError`].
pub fn numbered(tx: &mut Tx<'_>, number: &str) -> Result<Option<Case>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM conduct_case WHERE number = $1");
    tx.optional(&sql, &[v(number)])?.as_ref().map(read).transpose()
}

/// The hand that an account has in a case.
///
/// # Errors
/// See [`DbError`].
pub fn hand(tx: &mut Tx<'_>, case: Id, account: Id) -> Result<Option<Hand>, DbError> {
    let sql = "SELECT hand FROM conduct_hand WHERE case_id = $1 AND account_id = $2";
    let row = tx.optional(sql, &[v(case), v(account)])?;
    let hands = [Hand::Investigate, Hand::Decide, Hand::Review, Hand::Protect];
    let find = |code: String| known(hands.into_iter().find(|hand| hand.code() == code));
    row.map(|row| find(row.get(0)?)).transpose()
}

/// Writes down that an account has a hand in a case.
///
/// # Errors
/// See [`DbError`].
pub fn lay_hand(tx: &mut Tx<'_>, case: Id, account: Id, hand: Hand) -> Result<(), DbError> {
    let sql = "INSERT INTO conduct_hand (case_id, account_id, hand) VALUES ($1, $2, $3)
               ON CONFLICT (case_id, account_id) DO NOTHING";
    tx.execute(sql, &[v(case), v(account), v(hand.code())]).map(drop)
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its id.
    pub id: Id,
    /// When.
    pub at: Utc,
    /// Code of the act.
    pub act: String,
    /// State after it.
    pub state: State,
    /// Account of whoever took it.
    pub account: Id,
    /// His name then.
    pub name: String,
    /// What he wrote, sealed.
    pub words: Option<Vec<u8>>,
}

/// Adds a step.
///
/// # Errors
/// See [`DbError`].
pub fn add_step(tx: &mut Tx<'_>, case: Id, step: &Step) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO conduct_step (case_id, id, at, act, state, account_id, name, words)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            v(case),
            v(step.id),
            v(step.at),
            v(&step.act),
            v(step.state.code()),
            v(step.account),
            v(&step.name),
            v(step.words.clone()),
        ],
    )
    .map(drop)
}

/// All steps of a case, first to last.
///
/// # Errors
/// See [`DbError`].
pub fn steps(tx: &mut Tx<'_>, case: Id) -> Result<Vec<Step>, DbError> {
    let sql = "SELECT id, at, act, state, account_id, name, words FROM conduct_step
               WHERE case_id = $1 ORDER BY id";
    let read = |row: &Row| {
        Ok(Step {
            id: row.get(0)?,
            at: row.get(1)?,
            act: row.get(2)?,
            state: known(State::from_code(&row.get::<String>(3)?))?,
            account: row.get(4)?,
            name: row.get(5)?,
            words: row.get(6)?,
        })
    };
    tx.query(sql, &[v(case)])?.iter().map(read).collect()
}

/// Whether an account is a named protection officer.
///
/// # Errors
/// See [`DbError`].
pub fn is_protection(tx: &mut Tx<'_>, account: Id) -> Result<bool, DbError> {
    let sql = "SELECT account_id FROM conduct_protection WHERE account_id = $1";
    Ok(tx.optional(sql, &[v(account)])?.is_some())
}

/// Names a protection officer, or ends it.
///
/// # Errors
/// See [`DbError`].
pub fn set_protection(
    tx: &mut Tx<'_>,
    account: Id,
    name: &str,
    by: Id,
    on: bool,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute("DELETE FROM conduct_protection WHERE account_id = $1", &[v(account)])?;
    if on {
        let sql = "INSERT INTO conduct_protection (account_id, name, named_by, named_at)
                   VALUES ($1, $2, $3, $4)";
        tx.execute(sql, &[v(account), v(name), v(by), v(now)])?;
    }
    Ok(())
}

/// All protection officers: account and name.
///
/// # Errors
/// See [`DbError`].
pub fn protection(tx: &mut Tx<'_>) -> Result<Vec<(Id, String)>, DbError> {
    let sql = "SELECT account_id, name FROM conduct_protection ORDER BY name";
    tx.query(sql, &[])?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Open accounts of a role: account and name.
///
/// # Errors
/// See [`DbError`].
pub fn accounts(tx: &mut Tx<'_>, role: &str) -> Result<Vec<(Id, String)>, DbError> {
    let sql = "SELECT id, name FROM account WHERE role = $1 AND closed_at IS NULL ORDER BY name";
    tx.query(sql, &[v(role)])?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

fn actor(row: &Row) -> Result<Actor, DbError> {
    let role: String = row.get(2)?;
    Ok(Actor {
        account: row.get(0)?,
        name: row.get(1)?,
        role: known(role.parse().ok())?,
        org: row.get(3)?,
        division: row.get(4)?,
        person: row.get(5)?,
    })
}

const ACTOR: &str = "SELECT id, name, role, org_id, division, person_id FROM account
                     WHERE closed_at IS NULL";

/// An open account as whoever uses it.
///
/// # Errors
/// See [`DbError`].
pub fn officer(tx: &mut Tx<'_>, account: Id) -> Result<Option<Actor>, DbError> {
    tx.optional(&format!("{ACTOR} AND id = $1"), &[v(account)])?.as_ref().map(actor).transpose()
}

/// Officers of the city and of a district.
///
/// # Errors
/// See [`DbError`].
pub fn officers(tx: &mut Tx<'_>, division: &str) -> Result<Vec<Actor>, DbError> {
    let sql = format!(
        "{ACTOR} AND (role = $1 OR (role = $2 AND division = $3)) ORDER BY name, id LIMIT 500"
    );
    let [city, district] = [Role::MunicipalOfficer, Role::DistrictOfficer].map(Role::code);
    tx.query(&sql, &[v(city), v(district), v(division)])?.iter().map(actor).collect()
}

/// The organisation of a staff account, and his name.
///
/// # Errors
/// See [`DbError`].
pub fn staff(tx: &mut Tx<'_>, account: Id) -> Result<Option<(Option<Id>, String)>, DbError> {
    let sql = "SELECT org_id, name FROM account WHERE id = $1 AND role <> 'holder'";
    tx.optional(sql, &[v(account)])?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// An organisation and those above it, nearest first.
///
/// # Errors
/// See [`DbError`].
pub fn above(tx: &mut Tx<'_>, org: Option<Id>) -> Result<Vec<Id>, DbError> {
    let (mut all, mut next) = (Vec::new(), org);
    while let Some(id) = next.filter(|id| !all.contains(id)) {
        all.push(id);
        let row = tx.optional("SELECT parent FROM org WHERE id = $1", &[v(id)])?;
        next = row.map_or(Ok(None), |row| row.get(0))?;
    }
    Ok(all)
}
