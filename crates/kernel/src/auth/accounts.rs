//! Accounts as other capabilities make and change them, inside their own transactions.

use crate::actor::Role;
use crate::db::{DbError, Tx, Value, sealed, v};
use crate::id::Id;
use crate::keys::Keys;
use crate::platform::random;
use crate::time::Utc;

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: Id,
    /// Its one role.
    pub role: Role,
    /// Name for pages and the journal.
    pub name: String,
    /// Organisation it acts for.
    pub org: Option<Id>,
    /// Division it is bound to; empty when none.
    pub division: String,
    /// The holder behind it.
    pub person: Option<Id>,
    /// Phone for one-time codes.
    pub phone: Option<String>,
}

/// Makes an account without a way to sign in; add logins, a password or a token.
///
/// # Errors
/// See [`DbError`].
pub fn create_account(tx: &mut Tx<'_>, account: &NewAccount, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO account (id, role, name, org_id, division, person_id, phone, totp_last_step,
                              created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 1)",
        &[
            v(account.id),
            v(account.role.code()),
            sealed(&account.name),
            v(account.org),
            v(&account.division),
            v(account.person),
            account.phone.as_deref().map_or(Value::Null, sealed),
            v(now),
        ],
    )
    .map(drop)
}

/// What a typed name is looked up as: no spaces, upper case.
pub(super) fn normal_login(login: &str) -> String {
    login.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// Lets the account be called `login` at sign-in.
///
/// # Errors
/// [`DbError::Unique`] when another account is called so.
pub fn add_login(tx: &mut Tx<'_>, account: Id, login: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO account_login (login, account_id) VALUES ($1, $2)";
    tx.execute(sql, &[sealed(normal_login(login)), v(account)]).map(drop)
}

/// The account that is called `login` at sign-in.
///
/// # Errors
/// See [`DbError`].
pub fn account_called(tx: &mut Tx<'_>, login: &str) -> Result<Option<Id>, DbError> {
    let sql = "SELECT account_id FROM account_login WHERE login = $1";
    tx.optional(sql, &[sealed(normal_login(login))])?.map(|row| row.get(0)).transpose()
}

/// Sets the password, given as its Argon2id hash: hashing takes time and is done outside the
/// transaction.
///
/// # Errors
/// [`DbError::Conflict`] when there is no such account.
pub fn set_password(tx: &mut Tx<'_>, account: Id, hash: &str) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE account SET password = $1, version = version + 1 WHERE id = $2",
        &[v(hash), v(account)],
    )
}

/// Sets the secret of the authenticator app, sealed under the field key.
///
/// # Errors
/// [`DbError::Conflict`] when there is no such account.
pub fn set_totp_secret(
    tx: &mut Tx<'_>,
    keys: &Keys,
    account: Id,
    secret: &[u8],
) -> Result<(), DbError> {
    let sealed = keys.seal_field(secret, &account.0.to_be_bytes());
    tx.execute_one(
        "UPDATE account SET totp_secret = $1, version = version + 1 WHERE id = $2",
        &[v(sealed), v(account)],
    )
}

/// Makes a bearer token for a program or terminal. The token is returned once; its digest is kept.
///
/// # Errors
/// See [`DbError`].
pub fn make_token(tx: &mut Tx<'_>, account: Id, role: Role, now: Utc) -> Result<String, DbError> {
    let token = seal::token::from_random(&random::<32>());
    super::service::insert_session(tx, &token, account, role, "program", "full", now)?;
    Ok(token)
}

/// Makes a token that is good until an instant; those before it end soon, so that nothing under way
/// breaks.
///
/// # Errors
/// See [`DbError`].
pub fn replace_tokens(
    tx: &mut Tx<'_>,
    account: Id,
    role: Role,
    until: Utc,
    now: Utc,
) -> Result<String, DbError> {
    const SOON_S: i64 = 600;
    let soon = now.plus_seconds(SOON_S);
    let sql = "UPDATE session SET expires_at = $1
               WHERE account_id = $2 AND kind = 'program' AND expires_at > $1";
    tx.execute(sql, &[v(soon), v(account)])?;
    let token = make_token(tx, account, role, now)?;
    let sql = "UPDATE session SET expires_at = $1 WHERE digest = $2";
    tx.execute_one(sql, &[v(until), v(&seal::token::digest(&token))])?;
    Ok(token)
}

/// Closes an account, ends its sessions and frees its names.
///
/// # Errors
/// See [`DbError`].
pub fn close_account(tx: &mut Tx<'_>, account: Id, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE account SET closed_at = $1, version = version + 1
               WHERE id = $2 AND closed_at IS NULL";
    tx.execute(sql, &[v(now), v(account)])?;
    tx.execute("DELETE FROM account_login WHERE account_id = $1", &[v(account)])?;
    tx.execute("DELETE FROM session WHERE account_id = $1", &[v(account)]).map(drop)
}

/// Takes a name to sign in with away, for instance the number of a card that was replaced.
///
/// # Errors
/// See [`DbError`].
pub fn remove_login(tx: &mut Tx<'_>, account: Id, login: &str) -> Result<(), DbError> {
    let sql = "DELETE FROM account_login WHERE login = $1 AND account_id = $2";
    tx.execute(sql, &[sealed(normal_login(login)), v(account)]).map(drop)
}

/// Closes whatever accounts a person has.
///
/// # Errors
/// See [`DbError`].
pub fn close_accounts_of(tx: &mut Tx<'_>, person: Id, now: Utc) -> Result<(), DbError> {
    let sql = "SELECT id FROM account WHERE person_id = $1 AND closed_at IS NULL";
    for row in tx.query(sql, &[v(person)])? {
        close_account(tx, row.get(0)?, now)?;
    }
    Ok(())
}

/// The open account of a holder.
///
/// # Errors
/// See [`DbError`].
pub fn account_of(tx: &mut Tx<'_>, person: Id) -> Result<Option<Id>, DbError> {
    let sql = "SELECT id FROM account WHERE person_id = $1 AND closed_at IS NULL
               ORDER BY id LIMIT 1";
    tx.optional(sql, &[v(person)])?.map(|row| row.get(0)).transpose()
}

/// Closes everything to these accounts but the pages under `duty.href`, until [`lift_duty`]. Sessions feel
/// it within a second.
///
/// # Errors
/// See [`DbError`].
pub fn require_first(
    tx: &mut Tx<'_>,
    account: Id,
    duty: &super::Duty,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO account_duty (account_id, href, zh, en, since)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let (zh, en) = (v(&duty.what.zh), v(&duty.what.en));
    tx.execute(sql, &[v(account), v(&duty.href), zh, en, v(now)]).map(drop)
}

/// Opens everything to an account again; false when nothing was closed to it.
///
/// # Errors
/// See [`DbError`].
pub fn lift_duty(tx: &mut Tx<'_>, account: Id, href: &str) -> Result<bool, DbError> {
    let sql = "DELETE FROM account_duty WHERE account_id = $1 AND href = $2";
    Ok(tx.execute(sql, &[v(account), v(href)])? == 1)
}

/// An account that works here, for lists of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub account: Id,
    /// Name of whoever uses it.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Organisation.
    pub org: Option<Id>,
}

/// Open accounts of a role.
///
/// # Errors
/// See [`DbError`].
pub fn members(tx: &mut Tx<'_>, role: Role) -> Result<Vec<Member>, DbError> {
    let sql =
        "SELECT id, name, org_id FROM account WHERE role = $1 AND closed_at IS NULL ORDER BY id";
    let read = |row: &crate::db::Row| {
        Ok(Member { account: row.get(0)?, name: row.get(1)?, role, org: row.get(2)? })
    };
    tx.query(sql, &[v(role.code())])?.iter().map(read).collect()
}
