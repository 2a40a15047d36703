//! Banks and their agreements.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text};
use time::Date;

use super::{day, join, known, split};
use crate::rules::{Agreement, AgreementState, Service, Waiver};

/// A cooperating bank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bank {
    /// Its organisation.
    pub id: Id,
    /// Code in files: 4 to 12 capital letters and digits.
    pub code: String,
    /// Name of the organisation.
    pub name: Text,
    /// Phone for holders.
    pub phone: String,
    /// What holders should know.
    pub about: Text,
}

const BANK: &str = "SELECT b.id, b.code, o.name_zh, o.name_en, b.phone, b.about_zh, b.about_en
     FROM bank b JOIN org o ON o.id = b.id";

fn read_bank(row: &Row) -> Result<Bank, DbError> {
    Ok(Bank {
        id: row.get(0)?,
        code: row.get(1)?,
        name: Text::new(row.get::<String>(2)?, row.get::<String>(3)?),
        phone: row.get(4)?,
        about: Text::new(row.get::<String>(5)?, row.get::<String>(6)?),
    })
}

/// Enters a bank.
///
/// # Errors
/// [`DbError::Unique`] when code or organisation is known.
pub fn insert_bank(tx: &mut Tx<'_>, bank: &Bank, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO bank (id, code, phone, about_zh, about_en, created_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let (zh, en) = (&bank.about.zh, &bank.about.en);
    tx.execute(sql, &[v(bank.id), v(&bank.code), v(&bank.phone), v(zh), v(en), v(now)]).map(drop)
}

/// Organisations of kind bank that are not entered as cooperating banks yet, with their names.
///
/// # Errors
/// See [`DbError`].
pub fn candidates(tx: &mut Tx<'_>) -> Result<Vec<(Id, Text)>, DbError> {
    let sql = "SELECT id, name_zh, name_en FROM org WHERE kind = 'bank' AND closed_at IS NULL
               AND id NOT IN (SELECT id FROM bank) ORDER BY name_zh";
    let read =
        |row: &Row| Ok((row.get(0)?, Text::new(row.get::<String>(1)?, row.get::<String>(2)?)));
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// All banks that were ever entered, by code.
///
/// # Errors
/// See [`DbError`].
pub fn banks(tx: &mut Tx<'_>) -> Result<Vec<Bank>, DbError> {
    tx.query(&format!("{BANK} ORDER BY b.code"), &[])?.iter().map(read_bank).collect()
}

/// One bank.
///
/// # Errors
/// See [`DbError`].
pub fn bank(tx: &mut Tx<'_>, id: Id) -> Result<Option<Bank>, DbError> {
    tx.optional(&format!("{BANK} WHERE b.id = $1"), &[v(id)])?.as_ref().map(read_bank).transpose()
}

/// The bank with this code.
///
/// # Errors
/// See [`DbError`].
pub fn bank_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<Bank>, DbError> {
    let row = tx.optional(&format!("{BANK} WHERE b.code = $1"), &[v(code)])?;
    row.as_ref().map(read_bank).transpose()
}

const COLUMNS: &str =
    "id, bank_id, version, state, number, signed_on, from_day, until_day, services, waivers";

fn read(row: &Row) -> Result<Agreement, DbError> {
    Ok(Agreement {
        id: row.get(0)?,
        bank: row.get(1)?,
        version: row.get(2)?,
        state: known(AgreementState::from_code(&row.get::<String>(3)?), "agreement state")?,
        number: row.get(4)?,
        signed_on: day(&row.get::<String>(5)?)?,
        from: day(&row.get::<String>(6)?)?,
        until: day(&row.get::<String>(7)?)?,
        services: known(split(&row.get::<String>(8)?, Service::from_code), "services")?,
        waivers: known(split(&row.get::<String>(9)?, Waiver::from_code), "waivers")?,
    })
}

/// Enters a version.
///
/// # Errors
/// [`DbError::Unique`] when a proposal of this bank waits already.
pub fn insert(tx: &mut Tx<'_>, agreement: &Agreement, now: Utc) -> Result<(), DbError> {
    let row = vec![
        v(agreement.id),
        v(agreement.bank),
        v(agreement.version),
        v(agreement.state.code()),
        v(&agreement.number),
        v(day_text(agreement.signed_on)),
        v(day_text(agreement.from)),
        v(day_text(agreement.until)),
        v(join(&agreement.services, Service::code)),
        v(join(&agreement.waivers, Waiver::code)),
        v(now),
    ];
    tx.insert_rows(&format!("bank_agreement ({COLUMNS}, created_at)"), "", &[row]).map(drop)
}

/// All versions of a bank, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_bank(tx: &mut Tx<'_>, bank: Id) -> Result<Vec<Agreement>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM bank_agreement WHERE bank_id = $1 ORDER BY version DESC");
    tx.query(&sql, &[v(bank)])?.iter().map(read).collect()
}

/// All confirmed versions.
///
/// # Errors
/// See [`DbError`].
pub fn confirmed(tx: &mut Tx<'_>) -> Result<Vec<Agreement>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bank_agreement WHERE state = 'confirmed'");
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// A version that waits for its decision.
///
/// # Errors
/// See [`DbError`].
pub fn proposed(tx: &mut Tx<'_>, id: Id) -> Result<Option<Agreement>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bank_agreement WHERE id = $1 AND state = 'proposed'");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// A proposal becomes confirmed or rejected.
///
/// # Errors
/// [`DbError::Conflict`] when it was decided meanwhile.
pub fn decide(tx: &mut Tx<'_>, id: Id, state: AgreementState) -> Result<(), DbError> {
    let sql = "UPDATE bank_agreement SET state = $1 WHERE id = $2 AND state = 'proposed'";
    tx.execute_one(sql, &[v(state.code()), v(id)])
}

/// Confirmed versions of a bank end on `last` at the latest.
///
/// # Errors
/// See [`DbError`].
pub fn end_before(tx: &mut Tx<'_>, bank: Id, last: Date) -> Result<(), DbError> {
    let sql = "UPDATE bank_agreement SET until_day = $1
               WHERE bank_id = $2 AND state = 'confirmed' AND until_day > $1";
    tx.execute(sql, &[v(day_text(last)), v(bank)]).map(drop)
}
