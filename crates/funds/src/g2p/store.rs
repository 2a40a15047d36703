//! All SQL of these interfaces.

use std::collections::HashMap;

use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::envelope::link_key;

/// A link as a resolve sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Department and number.
    pub key: String,
    /// Handle.
    pub handle: String,
    /// Short code of the bank; empty without an account.
    pub bank: String,
    /// Whether money can arrive.
    pub active: bool,
    /// Person.
    pub person: Id,
}

const COLUMNS: &str = "link_key, handle, bank, active, person_id";

fn read(row: &Row) -> Result<Link, DbError> {
    Ok(Link {
        key: row.get(0)?,
        handle: row.get(1)?,
        bank: row.get(2)?,
        active: row.get(3)?,
        person: row.get(4)?,
    })
}

/// Links by their keys, in one set read of the directory.
///
/// # Errors
/// See [`DbError`].
pub fn by_keys(tx: &mut Tx<'_>, keys: &[String]) -> Result<HashMap<String, Link>, DbError> {
    let keys: Vec<Value<'_>> = keys.iter().map(v).collect();
    let sql = format!("SELECT {COLUMNS} FROM g2p_link WHERE link_key IN (#)");
    let rows = tx.query_in(&sql, &keys)?;
    rows.iter().map(|row| read(row).map(|link| (link.key.clone(), link))).collect()
}

/// Links by their handles.
///
/// # Errors
/// See [`DbError`].
pub fn by_handles(tx: &mut Tx<'_>, handles: &[&str]) -> Result<HashMap<String, Link>, DbError> {
    let keys: Vec<Value<'_>> = handles.iter().map(|one| v(*one)).collect();
    let sql = format!("SELECT {COLUMNS} FROM g2p_link WHERE handle IN (#)");
    let rows = tx.query_in(&sql, &keys)?;
    rows.iter().map(|row| read(row).map(|link| (link.handle.clone(), link))).collect()
}

/// Whether the department has a programme that is open.
///
/// # Errors
/// See [`DbError`].
pub fn has_programme(tx: &mut Tx<'_>, org: Id) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM programme WHERE department = $1 AND state = 'open' LIMIT 1";
    Ok(tx.optional(sql, &[v(org)])?.is_some())
}

/// People of these numbers who are alive, with the bank of their card's account when it is active.
///
/// # Errors
/// See [`DbError`].
pub fn people(
    tx: &mut Tx<'_>,
    numbers: &[&str],
) -> Result<HashMap<String, (Id, Option<String>)>, DbError> {
    let keys: Vec<Value<'_>> = numbers.iter().map(|one| sealed(*one)).collect();
    let sql = "SELECT n.number, p.id, (SELECT MIN(b.code) FROM bank_account a
                   JOIN card c ON c.person_id = a.person_id AND c.id = a.card_id AND c.live
                   JOIN bank b ON b.id = a.bank_id
                   WHERE a.person_id = p.id AND a.state = 'active')
               FROM person_number n JOIN person p ON p.id = n.person_id
               WHERE p.deceased_on IS NULL AND n.number IN (#)";
    let rows = tx.query_in(sql, &keys)?;
    rows.iter().map(|row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).collect()
}

/// Links a person; the first handle stays.
///
/// # Errors
/// See [`DbError`].
pub fn link(
    tx: &mut Tx<'_>,
    (org, number): (Id, &str),
    (person, bank): (Id, Option<&str>),
    handle: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO g2p_link (link_key, org_id, person_id, handle, bank, active, changed_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (link_key) DO UPDATE SET bank = $5, active = $6, changed_at = $7";
    let (key, bank, active) = (link_key(org, number), bank.unwrap_or_default(), bank.is_some());
    let params = [v(key), v(org), v(person), v(handle), v(bank), v(active), v(now)];
    tx.execute(sql, &params).map(drop)
}

/// Removes a link; whether there was one.
///
/// # Errors
/// See [`DbError`].
pub fn unlink(tx: &mut Tx<'_>, org: Id, number: &str) -> Result<bool, DbError> {
    let sql = "DELETE FROM g2p_link WHERE link_key = $1";
    Ok(tx.execute(sql, &[v(link_key(org, number))])? == 1)
}

/// Brings links of people whose account or card changed since a moment up to date.
///
/// # Errors
/// See [`DbError`].
pub fn follow(tx: &mut Tx<'_>, since: Utc, now: Utc) -> Result<u64, DbError> {
    let bank = "(SELECT MIN(b.code) FROM bank_account a
                 JOIN card c ON c.person_id = a.person_id AND c.id = a.card_id AND c.live
                 JOIN bank b ON b.id = a.bank_id JOIN person p ON p.id = a.person_id
                 WHERE a.person_id = g2p_link.person_id AND a.state = 'active' AND p.deceased_on IS NULL)";
    let sql = format!(
        "UPDATE g2p_link SET bank = COALESCE({bank}, ''), active = {bank} IS NOT NULL, changed_at = $2
         WHERE person_id IN (SELECT person_id FROM bank_account WHERE changed_at >= $1)"
    );
    tx.execute(&sql, &[v(since), v(now)])
}

/// Digest of a transaction's content, and the roster that was made of it.
pub type Txn = (Vec<u8>, Option<Id>);

/// A known transaction.
///
/// # Errors
/// See [`DbError`].
pub fn txn(tx: &mut Tx<'_>, org: Id, id: &str) -> Result<Option<Txn>, DbError> {
    let sql = "SELECT digest, roster_id FROM g2p_txn WHERE org_id = $1 AND transaction_id = $2";
    let row = tx.optional(sql, &[v(org), v(id)])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// A disbursement as it was taken: reference, line (0: refused), fen, reason.
pub type Taken = (String, i64, i64, String);

/// Enters a transaction with its references.
///
/// # Errors
/// [`DbError::Unique`] when it is known.
pub fn put_txn(
    tx: &mut Tx<'_>,
    (org, id): (Id, &str),
    digest: &[u8],
    taken: &[Taken],
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO g2p_txn (org_id, transaction_id, digest, at) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, &[v(org), v(id), v(digest), v(now)])?;
    let sql = "INSERT INTO g2p_ref (org_id, transaction_id, reference_id, line, fen, reason)
               VALUES ($1, $2, $3, $4, $5, $6)";
    for (reference, line, fen, reason) in taken {
        tx.execute(sql, &[v(org), v(id), v(reference), v(*line), v(*fen), v(reason)])?;
    }
    Ok(())
}

/// The roster of a transaction.
///
/// # Errors
/// [`DbError::Conflict`] when it has one.
pub fn set_roster(tx: &mut Tx<'_>, org: Id, id: &str, roster: Id) -> Result<(), DbError> {
    let sql = "UPDATE g2p_txn SET roster_id = $1 WHERE org_id = $2 AND transaction_id = $3
                   AND roster_id IS NULL";
    tx.execute_one(sql, &[v(roster), v(org), v(id)])
}

/// How a disbursement stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Reference.
    pub reference: String,
    /// Fen.
    pub fen: i64,
    /// Why it was not taken; empty else.
    pub reason: String,
    /// State of its line; none before it is entered.
    pub line: Option<String>,
    /// State of its payment.
    pub payment: Option<String>,
}

/// All disbursements of a transaction, by line.
///
/// # Errors
/// See [`DbError`].
pub fn standings(tx: &mut Tx<'_>, org: Id, id: &str) -> Result<Vec<Standing>, DbError> {
    let sql = "SELECT r.reference_id, r.fen, r.reason, l.state, p.state FROM g2p_ref r
               JOIN g2p_txn t ON t.org_id = r.org_id AND t.transaction_id = r.transaction_id
               LEFT JOIN roster_line l ON l.roster_id = t.roster_id AND l.line = r.line
               LEFT JOIN payment p ON p.person_id = l.person_id AND p.roster_id = t.roster_id
                   AND p.line = r.line AND p.reissued_as IS NULL
               WHERE r.org_id = $1 AND r.transaction_id = $2 ORDER BY r.line, r.reference_id";
    let read = |row: &Row| {
        Ok(Standing {
            reference: row.get(0)?,
            fen: row.get(1)?,
            reason: row.get(2)?,
            line: row.get(3)?,
            payment: row.get(4)?,
        })
    };
    tx.query(sql, &[v(org), v(id)])?.iter().map(read).collect()
}

/// Names of people, for the lines of a roster.
///
/// # Errors
/// See [`DbError`].
pub fn names(tx: &mut Tx<'_>, people: &[Id]) -> Result<HashMap<Id, String>, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|id| v(*id)).collect();
    let rows = tx.query_in("SELECT id, name FROM person WHERE id IN (#)", &keys)?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
