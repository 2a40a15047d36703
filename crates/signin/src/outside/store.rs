//! SQL of staff from outside.

use kernel::db::{DbError, Tx, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;

/// Somebody who is under way to the provider.
#[derive(Clone, Debug)]
pub struct UnderWay {
    /// Must stand in the ID token.
    pub nonce: String,
    /// PKCE.
    pub verifier: String,
}

/// Keeps what is needed when he comes back.
///
/// # Errors
/// See [`DbError`].
pub fn begin(tx: &mut Tx<'_>, state: &[u8], way: &UnderWay, until: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO signin_outside (state, nonce, verifier, until) VALUES ($1, $2, $3, $4)";
    let row = [v(state), v(&way.nonce), v(&way.verifier), v(until)];
    tx.execute(sql, &row).map(drop)
}

/// Takes it, once.
///
/// # Errors
/// See [`DbError`].
pub fn take(tx: &mut Tx<'_>, state: &[u8], now: Utc) -> Result<Option<UnderWay>, DbError> {
    let sql = "SELECT nonce, verifier FROM signin_outside WHERE state = $1 AND until > $2";
    let Some(row) = tx.optional(sql, &[v(state), v(now)])? else { return Ok(None) };
    let way = UnderWay { nonce: row.get(0)?, verifier: row.get(1)? };
    let gone = tx.execute("DELETE FROM signin_outside WHERE state = $1", &[v(state)])?;
    Ok((gone == 1).then_some(way))
}

/// The account that a provider's name was linked with.
///
/// # Errors
/// See [`DbError`].
pub fn account(tx: &mut Tx<'_>, issuer: &str, subject: &str) -> Result<Option<Id>, DbError> {
    let sql = "SELECT account_id FROM signin_staff WHERE issuer = $1 AND subject = $2";
    let row = tx.optional(sql, &[v(issuer), sealed(subject)])?;
    row.map(|row| row.get(0)).transpose()
}

/// Links a provider's name with an account.
///
/// # Errors
/// [`DbError::Unique`] when it is linked already.
pub fn link(
    tx: &mut Tx<'_>,
    issuer: &str,
    subject: &str,
    account: Id,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO signin_staff (issuer, subject, account_id, linked_at)
               VALUES ($1, $2, $3, $4)";
    tx.execute(sql, &[v(issuer), sealed(subject), v(account), v(now)]).map(drop)
}

/// Takes all links of an account away; how many there were.
///
/// # Errors
/// See [`DbError`].
pub fn unlink(tx: &mut Tx<'_>, account: Id) -> Result<u64, DbError> {
    tx.execute("DELETE FROM signin_staff WHERE account_id = $1", &[v(account)])
}
