//! All SQL of numbers over time and of the history.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

use crate::document::DocumentKind;
use crate::number::PersonNumber;
use crate::pinyin;
use crate::rules::Person;

/// One of the numbers that lead to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownNumber {
    /// The number.
    pub number: String,
    /// Whether it is the one in the record.
    pub is_current: bool,
    /// Code of the kind of document that bears it; empty when it was not noted.
    pub document: String,
    /// First day, where known.
    pub from: Option<Date>,
    /// Last day of an earlier number.
    pub until: Option<Date>,
    /// Code of the reason why it leads here.
    pub reason: String,
}

impl KnownNumber {
    /// The document that bears it.
    pub fn document_kind(&self) -> Option<DocumentKind> {
        DocumentKind::from_code(&self.document)
    }
}

/// All numbers that lead to a record, the current one first.
///
/// # Errors
/// See [`DbError`].
pub fn numbers_of(tx: &mut Tx<'_>, person: Id) -> Result<Vec<KnownNumber>, DbError> {
    let sql = "SELECT number, is_current, document, from_on, until_on, reason FROM person_number
               WHERE person_id = $1 ORDER BY is_current DESC, from_on DESC";
    let day = |text: Option<String>| text.as_deref().and_then(parse_day);
    let read = |row: &Row| {
        Ok(KnownNumber {
            number: row.get(0)?,
            is_current: row.get(1)?,
            document: row.get(2)?,
            from: day(row.get(3)?),
            until: day(row.get(4)?),
            reason: row.get(5)?,
        })
    };
    tx.query(sql, &[v(person)])?.iter().map(read).collect()
}

/// Whom a number leads to.
///
/// # Errors
/// See [`DbError`].
pub fn owner(tx: &mut Tx<'_>, number: &str) -> Result<Option<Id>, DbError> {
    let sql = "SELECT person_id FROM person_number WHERE number = $1";
    tx.optional(sql, &[sealed(number)])?.map(|row| row.get(0)).transpose()
}

/// When and why a number became, or ceased to be, the current one.
#[derive(Clone, Copy, Debug)]
pub struct Since<'a> {
    /// First day of the new number.
    pub from: Date,
    /// Code of the reason.
    pub reason: &'a str,
}

/// Makes `number` the current one in the directory: the one before it stays, as an earlier one.
///
/// # Errors
/// [`DbError::Unique`] when the number leads to somebody else.
pub fn set_current_number(
    tx: &mut Tx<'_>,
    person: Id,
    number: &PersonNumber,
    document: DocumentKind,
    since: Since<'_>,
) -> Result<(), DbError> {
    let from = day_text(since.from);
    let sql = "UPDATE person_number SET is_current = FALSE, until_on = $1
               WHERE person_id = $2 AND is_current";
    tx.execute(sql, &[v(&from), v(person)])?;
    let key = [sealed(number.as_str()), v(person), v(document.code()), v(&from), v(since.reason)];
    let sql = "UPDATE person_number SET is_current = TRUE, document = $3, from_on = $4,
                      until_on = NULL, reason = $5 WHERE number = $1 AND person_id = $2";
    if tx.execute(sql, &key)? == 0 {
        let sql =
            "INSERT INTO person_number (number, person_id, is_current, document, from_on, reason)
                   VALUES ($1, $2, TRUE, $3, $4, $5)";
        tx.execute(sql, &key)?;
    }
    Ok(())
}

/// Writes what a change may touch back into the record.
///
/// # Errors
/// [`DbError::Conflict`] when the record changed meanwhile.
pub fn update(tx: &mut Tx<'_>, person: &Person) -> Result<(), DbError> {
    let keys = pinyin::name_keys(&person.name);
    tx.execute_one(
        "UPDATE person SET number = $1, document = $2, name = $3, pinyin = $4, initials = $5, sex = $6,
                           birth = $7, ground = $8, ground_until = $9, version = version + 1
         WHERE id = $10 AND version = $11 AND merged_into IS NULL",
        &[
            sealed(person.number.as_str()),
            v(person.document.code()),
            sealed(&person.name),
            sealed(keys.full.replace(' ', "")),
            sealed(keys.initials),
            v(person.sex.code()),
            v(day_text(person.birth)),
            v(person.ground.code()),
            v(person.ground_until.map(day_text)),
            v(person.id),
            v(person.version),
        ],
    )
}

/// One line of a person's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The record.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// What changed: `number`, `document`, `name`, `sex`, `birth`, `merged`.
    pub field: String,
    /// Value before.
    pub old: String,
    /// Value after.
    pub new: String,
    /// First day of the new value.
    pub from: Date,
    /// Code of the reason.
    pub reason: String,
    /// Proof in the vault.
    pub evidence: Option<Id>,
    /// Who recorded it.
    pub by_name: String,
    /// When.
    pub at: Utc,
}

/// Adds a line to the history; there is no way to change or remove one.
///
/// # Errors
/// See [`DbError`].
pub fn add_line(tx: &mut Tx<'_>, line: &Line, by: &Actor) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO person_history (person_id, id, field, old_value, new_value, from_on, reason,
                                     evidence_id, by_account, by_name, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            v(line.person),
            v(line.id),
            v(&line.field),
            sealed(&line.old),
            sealed(&line.new),
            v(day_text(line.from)),
            v(&line.reason),
            v(line.evidence),
            v(by.account),
            v(&by.name),
            v(line.at),
        ],
    )
    .map(drop)
}

/// The history of these records, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn history(tx: &mut Tx<'_>, records: &[Id]) -> Result<Vec<Line>, DbError> {
    let keys: Vec<Value<'_>> = records.iter().map(|id| v(*id)).collect();
    let sql = "SELECT person_id, id, field, old_value, new_value, from_on, reason, evidence_id, by_name, at
               FROM person_history WHERE person_id IN (#)";
    let read = |row: &Row| {
        let bad = || DbError::Engine("a line of the history cannot be read".to_owned());
        Ok(Line {
            person: row.get(0)?,
            id: row.get(1)?,
            field: row.get(2)?,
            old: row.get(3)?,
            new: row.get(4)?,
            from: parse_day(&row.get::<String>(5)?).ok_or_else(bad)?,
            reason: row.get(6)?,
            evidence: row.get(7)?,
            by_name: row.get(8)?,
            at: row.get(9)?,
        })
    };
    let rows = tx.query_in(sql, &keys)?;
    let mut lines = rows.iter().map(read).collect::<Result<Vec<_>, DbError>>()?;
    lines.sort_by_key(|line| std::cmp::Reverse(line.id));
    Ok(lines)
}
