//! All SQL of organisations and accounts of staff.

use crate::actor::{Actor, Role};
use crate::db::{DbError, Row, Tx, sealed, v};
use crate::id::Id;
use crate::time::Utc;
use crate::work::{self, Waiting};

/// An account that somebody signs in with.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: Id,
    /// Whose it is.
    pub name: String,
    /// Name at sign-in.
    pub login: String,
    /// Its role.
    pub role: Role,
    /// Organisation.
    pub org: Option<Id>,
    /// Division.
    pub division: String,
    /// Since when.
    pub made_at: Utc,
    /// Whether its owner has set a password.
    pub ready: bool,
}

const ACCOUNT: &str = "SELECT a.id, a.name, l.login, a.role, a.org_id, a.division, a.created_at,
    a.password IS NOT NULL FROM account a JOIN account_login l ON l.account_id = a.id
    WHERE a.closed_at IS NULL AND a.role <> 'holder' AND a.role <> 'terminal'";

fn role(code: &str) -> Result<Role, DbError> {
    code.parse().map_err(|()| DbError::Engine(format!("unknown role {code}")))
}

fn account(row: &Row) -> Result<Account, DbError> {
    Ok(Account {
        id: row.get(0)?,
        name: row.get(1)?,
        login: row.get(2)?,
        role: role(&row.get::<String>(3)?)?,
        org: row.get(4)?,
        division: row.get(5)?,
        made_at: row.get(6)?,
        ready: row.get(7)?,
    })
}

/// Open accounts by organisation; of one organisation only, where one is given.
pub fn accounts(tx: &mut Tx<'_>, org: Option<Id>) -> Result<Vec<Account>, DbError> {
    let rows = match org {
        Some(org) => {
            let sql = format!("{ACCOUNT} AND a.org_id = $1 ORDER BY a.role, a.id LIMIT 500");
            tx.query(&sql, &[v(org)])?
        }
        None => tx.query(&format!("{ACCOUNT} ORDER BY a.org_id, a.role, a.id LIMIT 500"), &[])?,
    };
    rows.iter().map(account).collect()
}

/// One open account.
pub fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Account>, DbError> {
    let rows = tx.query(&format!("{ACCOUNT} AND a.id = $1"), &[v(id)])?;
    rows.first().map(account).transpose()
}

/// Open accounts of an organisation, programs among them.
pub fn in_org(tx: &mut Tx<'_>, org: Id) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM account WHERE org_id = $1 AND closed_at IS NULL";
    tx.one(sql, &[v(org)])?.get(0)
}

/// Administrators who can sign in.
pub fn administrators(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM account WHERE role = 'administrator' AND closed_at IS NULL
               AND password IS NOT NULL";
    tx.one(sql, &[])?.get(0)
}

/// Closes an organisation.
pub fn close_org(tx: &mut Tx<'_>, id: Id, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE org SET closed_at = $1 WHERE id = $2 AND closed_at IS NULL";
    tx.execute_one(sql, &[v(now), v(id)])
}

/// What waits for a second administrator.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its id.
    pub id: Id,
    /// `make`, `change`, `reset`.
    pub kind: String,
    /// The account, of which there is none yet when it is to be made.
    pub account: Id,
    /// Name at sign-in.
    pub login: String,
    /// Whose account.
    pub name: String,
    /// The role that it is to have.
    pub role: Role,
    /// Its organisation.
    pub org: Id,
    /// Its division.
    pub division: String,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub made_by: Id,
    /// His name.
    pub made_name: String,
    /// When.
    pub made_at: Utc,
}

/// Keeps a request.
pub fn insert(tx: &mut Tx<'_>, one: &Request) -> Result<(), DbError> {
    let sql =
        "INSERT INTO staff_request (id, kind, account_id, login, name, role, org_id, division,
                   reason, made_by, made_name, made_at, decision)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open')";
    let values = [
        v(one.id),
        v(&one.kind),
        v(one.account),
        sealed(&one.login),
        sealed(&one.name),
        v(one.role.code()),
        v(one.org),
        v(&one.division),
        v(&one.reason),
        v(one.made_by),
        sealed(&one.made_name),
        v(one.made_at),
    ];
    tx.execute(sql, &values).map(drop)
}

/// What waits, oldest first.
pub fn open(tx: &mut Tx<'_>) -> Result<Vec<Request>, DbError> {
    let sql = "SELECT id, kind, account_id, login, name, role, org_id, division, reason, made_by,
                      made_name, made_at FROM staff_request WHERE decision = 'open' ORDER BY id";
    let read = |row: &Row| {
        Ok(Request {
            id: row.get(0)?,
            kind: row.get(1)?,
            account: row.get(2)?,
            login: row.get(3)?,
            name: row.get(4)?,
            role: role(&row.get::<String>(5)?)?,
            org: row.get(6)?,
            division: row.get(7)?,
            reason: row.get(8)?,
            made_by: row.get(9)?,
            made_name: row.get(10)?,
            made_at: row.get(11)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Decides on a request; without a decider it is taken back.
pub fn decide(
    tx: &mut Tx<'_>,
    id: Id,
    decision: &str,
    by: Option<Id>,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE staff_request SET decision = $1, decided_by = $2, decided_at = $3
               WHERE id = $4 AND decision = 'open'";
    tx.execute_one(sql, &[v(decision), v(by), v(now), v(id)])
}

/// Gives an account another role and place; what it could do before ends with its sessions.
pub fn change(
    tx: &mut Tx<'_>,
    account: Id,
    role: Role,
    org: Id,
    division: &str,
) -> Result<(), DbError> {
    let sql = "UPDATE account SET role = $1, org_id = $2, division = $3, version = version + 1
               WHERE id = $4 AND closed_at IS NULL";
    tx.execute_one(sql, &[v(role.code()), v(org), v(division), v(account)])?;
    tx.execute("DELETE FROM session WHERE account_id = $1", &[v(account)]).map(drop)
}

/// Takes password and second factor away, and lets the owner of a code set them again.
pub fn invite(
    tx: &mut Tx<'_>,
    account: Id,
    digest: &[u8; 32],
    expires_at: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE account SET password = NULL, totp_secret = NULL, totp_last_step = 0,
                   version = version + 1 WHERE id = $1 AND closed_at IS NULL";
    tx.execute_one(sql, &[v(account)])?;
    tx.execute("DELETE FROM session WHERE account_id = $1", &[v(account)])?;
    tx.execute("DELETE FROM known_device WHERE account_id = $1", &[v(account)])?;
    let sql = "INSERT INTO account_invite (account_id, digest, expires_at) VALUES ($1, $2, $3)
               ON CONFLICT (account_id) DO UPDATE SET digest = $2, expires_at = $3";
    tx.execute(sql, &[v(account), v(digest), v(expires_at)]).map(drop)
}

/// Uses a code; false when it is not the one, or too old.
pub fn use_invite(
    tx: &mut Tx<'_>,
    account: Id,
    digest: &[u8; 32],
    now: Utc,
) -> Result<bool, DbError> {
    let sql = "DELETE FROM account_invite
               WHERE account_id = $1 AND digest = $2 AND expires_at >= $3";
    Ok(tx.execute(sql, &[v(account), v(digest), v(now)])? == 1)
}

/// How many requests wait for another than their maker.
///
/// # Errors
/// See [`DbError`].
pub fn count_open(tx: &mut Tx<'_>, actor: &Actor, _: Utc) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM staff_request
               WHERE decision = 'open' AND made_by <> $1";
    work::counted(tx, sql, &[v(actor.account)])
}
