//! Alarms: the platform and a bank do not say the same.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

use super::{known, month_of};

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlarmKind {
    /// The bank's state is not what the card's state asks for.
    Differs,
    /// A request has no answer for too long.
    NoAnswer,
    /// The bank answered one request in two ways.
    Contradiction,
    /// The bank told an account number that is another person's.
    NumberTaken,
}

impl AlarmKind {
    /// All kinds.
    pub const ALL: [Self; 4] =
        [Self::Differs, Self::NoAnswer, Self::Contradiction, Self::NumberTaken];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::NoAnswer => "no-answer",
            Self::Contradiction => "contradiction",
            Self::NumberTaken => "number-taken",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Differs => ("两边状态不一致", "States differ"),
            Self::NoAnswer => ("银行长时间未答复", "No answer for long"),
            Self::Contradiction => ("银行前后答复矛盾", "Contradicting answers"),
            Self::NumberTaken => ("账号与他人重复", "Account number of somebody else"),
        };
        Text::new(zh, en)
    }
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Whose account.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// The card.
    pub card: Id,
    /// The bank.
    pub bank: Id,
    /// What is wrong.
    pub kind: AlarmKind,
    /// What the platform expects.
    pub expected: String,
    /// What it found.
    pub found: String,
    /// Since when.
    pub opened_at: Utc,
    /// Account of whoever took it.
    pub taken_by: Option<Id>,
    /// Name of whoever took it.
    pub taken_name: String,
    /// What was done.
    pub note: String,
    /// When it was closed.
    pub closed_at: Option<Utc>,
    /// Who closed it: a name, or `agreed` when both sides said the same again.
    pub closed_by: String,
    /// Rises with each change.
    pub version: i64,
}

impl Alarm {
    /// Whole hours that it is or was open.
    pub fn hours(&self, now: Utc) -> i64 {
        (self.closed_at.unwrap_or(now).0 - self.opened_at.0) / (3_600 * Utc::SECOND)
    }
}

const COLUMNS: &str = "person_id, id, card_id, bank_id, kind, expected, found, opened_at, taken_by, \
     taken_name, note, closed_at, closed_by, version";

fn read(row: &Row) -> Result<Alarm, DbError> {
    Ok(Alarm {
        person: row.get(0)?,
        id: row.get(1)?,
        card: row.get(2)?,
        bank: row.get(3)?,
        kind: known(AlarmKind::from_code(&row.get::<String>(4)?), "alarm")?,
        expected: row.get(5)?,
        found: row.get(6)?,
        opened_at: row.get(7)?,
        taken_by: row.get(8)?,
        taken_name: row.get(9)?,
        note: row.get(10)?,
        closed_at: row.get(11)?,
        closed_by: row.get(12)?,
        version: row.get(13)?,
    })
}

/// Opens an alarm; `false` when one of this kind is open for the card already.
///
/// # Errors
/// See [`DbError`].
pub fn open(tx: &mut Tx<'_>, alarm: &Alarm) -> Result<bool, DbError> {
    let sql =
        "INSERT INTO bank_alarm (person_id, id, card_id, bank_id, kind, expected, found, month,
                   opened_at, taken_name, note, closed_by, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', '', 1)
               ON CONFLICT DO NOTHING";
    let done = tx.execute(
        sql,
        &[
            v(alarm.person),
            v(alarm.id),
            v(alarm.card),
            v(alarm.bank),
            v(alarm.kind.code()),
            v(&alarm.expected),
            v(&alarm.found),
            v(month_of(alarm.opened_at)),
            v(alarm.opened_at),
        ],
    )?;
    Ok(done == 1)
}

/// One alarm.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Alarm>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bank_alarm WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Open alarms, oldest first, of one bank or of all.
///
/// # Errors
/// See [`DbError`].
pub fn all_open(tx: &mut Tx<'_>, bank: Option<Id>, most: i64) -> Result<Vec<Alarm>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_alarm
         WHERE closed_at IS NULL AND (bank_id = $1 OR $2) ORDER BY opened_at, id LIMIT $3"
    );
    let any = v(bank.is_none());
    tx.query(&sql, &[v(bank.unwrap_or_default()), any, v(most)])?.iter().map(read).collect()
}

/// Alarms that were closed, newest first, of one bank or of all.
///
/// # Errors
/// See [`DbError`].
pub fn all_closed(tx: &mut Tx<'_>, bank: Option<Id>, most: i64) -> Result<Vec<Alarm>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_alarm
         WHERE closed_at IS NOT NULL AND (bank_id = $1 OR $2) ORDER BY closed_at DESC LIMIT $3"
    );
    let any = v(bank.is_none());
    tx.query(&sql, &[v(bank.unwrap_or_default()), any, v(most)])?.iter().map(read).collect()
}

/// Open alarms of one card.
///
/// # Errors
/// See [`DbError`].
pub fn of_card(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<Vec<Alarm>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_alarm
         WHERE person_id = $1 AND card_id = $2 AND closed_at IS NULL"
    );
    tx.query(&sql, &[v(person), v(card)])?.iter().map(read).collect()
}

/// Open alarms after `after` by id, for the job that goes round them.
///
/// # Errors
/// See [`DbError`].
pub fn open_after(tx: &mut Tx<'_>, after: Id, most: i64) -> Result<Vec<Alarm>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_alarm WHERE closed_at IS NULL AND id > $1 ORDER BY id LIMIT $2"
    );
    tx.query(&sql, &[v(after), v(most)])?.iter().map(read).collect()
}

/// Somebody takes an alarm.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn take(tx: &mut Tx<'_>, alarm: &Alarm, by: Id, name: &str, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE bank_alarm SET taken_by = $1, taken_name = $2, taken_at = $3,
                      version = version + 1
               WHERE person_id = $4 AND id = $5 AND version = $6";
    tx.execute_one(sql, &[v(by), v(name), v(now), v(alarm.person), v(alarm.id), v(alarm.version)])
}

/// An alarm is closed, on record for ever.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn close(
    tx: &mut Tx<'_>,
    alarm: &Alarm,
    note: &str,
    by: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE bank_alarm SET note = $1, closed_by = $2, closed_at = $3,
                      version = version + 1
               WHERE person_id = $4 AND id = $5 AND version = $6";
    tx.execute_one(sql, &[v(note), v(by), v(now), v(alarm.person), v(alarm.id), v(alarm.version)])
}

/// How many are open; of one bank, if it is given.
///
/// # Errors
/// See [`DbError`].
pub fn count_open(tx: &mut Tx<'_>, bank: Option<Id>) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM bank_alarm
               WHERE closed_at IS NULL AND ($1 OR bank_id = $2)";
    work::counted(tx, sql, &[v(bank.is_none()), v(bank.unwrap_or_default())])
}
