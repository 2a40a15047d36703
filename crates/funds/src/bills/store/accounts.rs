//! Account numbers that holders keep, their bills, and standing authorisations.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::time::{Utc, day_text, parse_day};

use super::known;
use crate::bills::rules::mandate::{Mandate, MandateState};
use crate::bills::rules::mask;

/// An account number that a holder keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whose.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Biller.
    pub biller: Id,
    /// Masked number.
    pub tail: String,
    /// The holder's own name for it.
    pub nickname: String,
    /// The biller's masked name of the customer.
    pub said: String,
    /// When the biller was last asked.
    pub looked_at: Utc,
}

const KEPT: &str = "person_id, id, biller_id, tail, nickname, said, looked_at";

fn read_kept(row: &Row) -> Result<Kept, DbError> {
    Ok(Kept {
        person: row.get(0)?,
        id: row.get(1)?,
        biller: row.get(2)?,
        tail: row.get(3)?,
        nickname: row.get(4)?,
        said: row.get(5)?,
        looked_at: row.get(6)?,
    })
}

fn context(person: Id, id: Id) -> Vec<u8> {
    format!("bill_account {person} {id}").into_bytes()
}

fn digest(keys: &Keys, biller: Id, number: &str) -> Result<Vec<u8>, DbError> {
    let mac = keys.store().mac("digest", format!("bill-account {biller} {number}").as_bytes());
    mac.map(|mac| mac.to_vec()).map_err(|error| DbError::Engine(error.to_string()))
}

/// Keeps an account number.
///
/// # Errors
/// [`DbError::Unique`] when the holder keeps it already.
pub fn keep(tx: &mut Tx<'_>, keys: &Keys, one: &Kept, number: &str) -> Result<(), DbError> {
    let sql =
        "INSERT INTO bill_account (person_id, id, biller_id, number, digest, tail, nickname, said,
                   looked_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
    tx.execute(
        sql,
        &[
            v(one.person),
            v(one.id),
            v(one.biller),
            v(keys.seal_field(number.as_bytes(), &context(one.person, one.id))),
            v(digest(keys, one.biller, number)?),
            v(mask(number)),
            v(&one.nickname),
            v(&one.said),
            v(one.looked_at),
        ],
    )
    .map(drop)
}

/// The whole number.
///
/// # Errors
/// See [`DbError`].
pub fn number(tx: &mut Tx<'_>, keys: &Keys, one: &Kept) -> Result<String, DbError> {
    let sql = "SELECT number FROM bill_account WHERE person_id = $1 AND id = $2";
    let sealed: Vec<u8> = tx.one(sql, &[v(one.person), v(one.id)])?.get(0)?;
    let plain = keys.open_field(&sealed, &context(one.person, one.id));
    known(plain.and_then(|plain| String::from_utf8(plain).ok()), "account number")
}

/// All that a holder keeps.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Kept>, DbError> {
    let sql = format!("SELECT {KEPT} FROM bill_account WHERE person_id = $1 ORDER BY id");
    tx.query(&sql, &[v(person)])?.iter().map(read_kept).collect()
}

/// One that a holder keeps.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, person: Id, id: Id) -> Result<Option<Kept>, DbError> {
    let sql = format!("SELECT {KEPT} FROM bill_account WHERE person_id = $1 AND id = $2");
    tx.optional(&sql, &[v(person), v(id)])?.as_ref().map(read_kept).transpose()
}

/// The holder's own name for it.
///
/// # Errors
/// See [`DbError`].
pub fn rename(tx: &mut Tx<'_>, one: &Kept, nickname: &str) -> Result<(), DbError> {
    let sql = "UPDATE bill_account SET nickname = $1 WHERE person_id = $2 AND id = $3";
    tx.execute_one(sql, &[v(nickname), v(one.person), v(one.id)])
}

/// Forgets an account number and its open bills; payments stay.
///
/// # Errors
/// See [`DbError`].
pub fn forget(tx: &mut Tx<'_>, one: &Kept) -> Result<(), DbError> {
    let key = [v(one.person), v(one.id)];
    tx.execute("DELETE FROM bill WHERE person_id = $1 AND account_id = $2", &key)?;
    tx.execute_one("DELETE FROM bill_account WHERE person_id = $1 AND id = $2", &key)
}

/// A bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Whose.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Account.
    pub account: Id,
    /// Biller.
    pub biller: Id,
    /// The biller's number of it.
    pub number: String,
    /// What it is for: `2026-10`.
    pub period: String,
    /// Fen.
    pub fen: i64,
    /// Last day.
    pub due_on: String,
    /// Day of the notice before a debit by authorisation.
    pub told_on: Option<String>,
    /// The holder said no to the debit of this one.
    pub declined: bool,
}

const BILL: &str =
    "person_id, id, account_id, biller_id, number, period, fen, due_on, told_on, declined";

fn read_bill(row: &Row) -> Result<Bill, DbError> {
    Ok(Bill {
        person: row.get(0)?,
        id: row.get(1)?,
        account: row.get(2)?,
        biller: row.get(3)?,
        number: row.get(4)?,
        period: row.get(5)?,
        fen: row.get(6)?,
        due_on: row.get(7)?,
        told_on: row.get(8)?,
        declined: row.get(9)?,
    })
}

/// What the biller told now: new bills come, those it no longer names go, an amount that changed needs
/// a new notice.
///
/// # Errors
/// See [`DbError`].
pub fn put_bills(
    tx: &mut Tx<'_>,
    one: &Kept,
    bills: &[Bill],
    said: &str,
    now: Utc,
) -> Result<(), DbError> {
    let key = [v(one.person), v(one.id)];
    tx.execute("UPDATE bill SET state = 'gone' WHERE person_id = $1 AND account_id = $2", &key)?;
    for bill in bills {
        let sql = "INSERT INTO bill (person_id, id, account_id, biller_id, number, period, fen, due_on, state,
                       declined, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10)
                   ON CONFLICT (person_id, account_id, number) DO UPDATE SET state = 'open', seen_at = $10,
                       told_on = CASE WHEN bill.fen = $7 THEN bill.told_on ELSE NULL END,
                       fen = $7, due_on = $8, period = $6";
        let params = [
            v(one.person),
            v(bill.id),
            v(one.id),
            v(one.biller),
            v(&bill.number),
            v(&bill.period),
            v(bill.fen),
            v(&bill.due_on),
            v(false),
            v(now),
        ];
        tx.execute(sql, &params)?;
    }
    let sql = "UPDATE bill_account SET looked_at = $1, said = $2 WHERE person_id = $3 AND id = $4";
    tx.execute_one(sql, &[v(now), v(said), v(one.person), v(one.id)])
}

/// Open bills of a holder that nobody is paying, nearest last day first.
///
/// # Errors
/// See [`DbError`].
pub fn open_bills(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Bill>, DbError> {
    let sql = format!(
        "SELECT {BILL} FROM bill b WHERE person_id = $1 AND state = 'open'
           AND NOT EXISTS (SELECT 1 FROM bill_payment p WHERE p.biller_id = b.biller_id
               AND p.bill_number = b.number AND NOT p.released)
         ORDER BY due_on, id"
    );
    tx.query(&sql, &[v(person)])?.iter().map(read_bill).collect()
}

/// One bill.
///
/// # Errors
/// See [`DbError`].
pub fn bill(tx: &mut Tx<'_>, person: Id, id: Id) -> Result<Option<Bill>, DbError> {
    let sql =
        format!("SELECT {BILL} FROM bill WHERE person_id = $1 AND id = $2 AND state = 'open'");
    tx.optional(&sql, &[v(person), v(id)])?.as_ref().map(read_bill).transpose()
}

/// The holder was told, or says no to the debit of this bill.
///
/// # Errors
/// See [`DbError`].
pub fn mark(tx: &mut Tx<'_>, one: &Bill, told_on: Option<&str>, no: bool) -> Result<(), DbError> {
    let sql = "UPDATE bill SET told_on = $1, declined = $2 WHERE person_id = $3 AND id = $4";
    tx.execute_one(sql, &[v(told_on), v(no), v(one.person), v(one.id)])
}

/// A stored authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Account.
    pub account: Id,
    /// What it allows.
    pub mandate: Mandate,
    /// Rises with each change.
    pub version: i64,
}

const MANDATE: &str = "person_id, id, account_id, bill_fen, month_fen, until_day, state, version";

fn read_mandate(row: &Row) -> Result<Standing, DbError> {
    Ok(Standing {
        person: row.get(0)?,
        id: row.get(1)?,
        account: row.get(2)?,
        mandate: Mandate {
            bill_fen: row.get(3)?,
            month_fen: row.get(4)?,
            until: known(parse_day(&row.get::<String>(5)?), "last day")?,
            state: known(MandateState::from_code(&row.get::<String>(6)?), "authorisation")?,
        },
        version: row.get(7)?,
    })
}

/// Enters an authorisation.
///
/// # Errors
/// [`DbError::Unique`] when the account has one.
pub fn authorise(tx: &mut Tx<'_>, one: &Standing, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO bill_mandate (person_id, id, account_id, bill_fen, month_fen, until_day, state,
                   made_at, changed_at, version) VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $7, 1)";
    let until = day_text(one.mandate.until);
    let (bill, month) = (one.mandate.bill_fen, one.mandate.month_fen);
    let params = [v(one.person), v(one.id), v(one.account), v(bill), v(month), v(until), v(now)];
    tx.execute(sql, &params).map(drop)
}

/// Changes its state.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_mandate(
    tx: &mut Tx<'_>,
    one: &Standing,
    state: MandateState,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE bill_mandate SET state = $1, changed_at = $2, version = version + 1
               WHERE person_id = $3 AND id = $4 AND version = $5";
    tx.execute_one(sql, &[v(state.code()), v(now), v(one.person), v(one.id), v(one.version)])
}

/// Authorisations of a holder that are not cancelled.
///
/// # Errors
/// See [`DbError`].
pub fn mandates(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Standing>, DbError> {
    let sql = format!(
        "SELECT {MANDATE} FROM bill_mandate WHERE person_id = $1 AND state <> 'cancelled' ORDER BY id"
    );
    tx.query(&sql, &[v(person)])?.iter().map(read_mandate).collect()
}

/// Active authorisations behind an id, for the work in the background.
///
/// # Errors
/// See [`DbError`].
pub fn active(tx: &mut Tx<'_>, after: Id, most: i64) -> Result<Vec<Standing>, DbError> {
    let sql = format!(
        "SELECT {MANDATE} FROM bill_mandate WHERE state = 'active' AND id > $1 ORDER BY id LIMIT $2"
    );
    tx.query(&sql, &[v(after), v(most)])?.iter().map(read_mandate).collect()
}
