//! All SQL of consents.

use std::collections::HashSet;

use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;

/// A consent that was given once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The agreement.
    pub agreement: Id,
    /// When it was given last.
    pub given_at: Utc,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Utc>,
}

/// Gives a consent, or gives it again.
///
/// # Errors
/// See [`DbError`].
pub fn give(tx: &mut Tx<'_>, person: Id, agreement: Id, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO share_consent (person_id, agreement_id, given_at) VALUES ($1, $2, $3)
               ON CONFLICT (person_id, agreement_id)
               DO UPDATE SET given_at = $3, withdrawn_at = NULL";
    tx.execute(sql, &[v(person), v(agreement), v(now)]).map(drop)
}

/// Withdraws a consent; false when none was given.
///
/// # Errors
/// See [`DbError`].
pub fn withdraw(tx: &mut Tx<'_>, person: Id, agreement: Id, now: Utc) -> Result<bool, DbError> {
    let sql = "UPDATE share_consent SET withdrawn_at = $1
               WHERE person_id = $2 AND agreement_id = $3 AND withdrawn_at IS NULL";
    Ok(tx.execute(sql, &[v(now), v(person), v(agreement)])? == 1)
}

/// A person's consents.
///
/// # Errors
/// See [`DbError`].
pub fn of(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Consent>, DbError> {
    let sql = "SELECT agreement_id, given_at, withdrawn_at FROM share_consent WHERE person_id = $1
               ORDER BY agreement_id";
    let read = |row: &Row| {
        Ok(Consent { agreement: row.get(0)?, given_at: row.get(1)?, withdrawn_at: row.get(2)? })
    };
    tx.query(sql, &[v(person)])?.iter().map(read).collect()
}

/// Those of these people whose consent to an agreement counts.
///
/// # Errors
/// See [`DbError`].
pub fn consenting(tx: &mut Tx<'_>, agreement: Id, people: &[Id]) -> Result<HashSet<Id>, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|id| v(*id)).collect();
    let sql = "SELECT person_id, agreement_id FROM share_consent
               WHERE withdrawn_at IS NULL AND person_id IN (#)";
    let mut found = HashSet::new();
    for row in tx.query_in(sql, &keys)? {
        if row.get::<Id>(1)? == agreement {
            found.insert(row.get(0)?);
        }
    }
    Ok(found)
}
