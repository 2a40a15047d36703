//! Organisations: authorities, departments, outlets, banks, venues. They are no divisions.

use crate::db::{DbError, Tx, v};
use crate::id::Id;
use crate::time::Utc;

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// Its id.
    pub id: Id,
    /// Unified social credit code (GB 32100), where it has one.
    pub credit_code: Option<String>,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// `hrss`, `outlet`, `department`, `bank`, `venue`, `hotline`, `audit`,
    /// `operator`, `finance`.
    pub kind: String,
    /// Division it serves (GB/T 2260).
    pub division: String,
    /// Organisation above it.
    pub parent: Option<Id>,
}

/// Adds an organisation.
///
/// # Errors
/// [`DbError::Unique`] when the credit code is known.
pub fn add(tx: &mut Tx<'_>, org: &Org, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO org (id, credit_code, name_zh, name_en, kind, division, parent, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            v(org.id),
            v(org.credit_code.as_deref()),
            v(&org.name_zh),
            v(&org.name_en),
            v(&org.kind),
            v(&org.division),
            v(org.parent),
            v(now),
        ],
    )
    .map(drop)
}

/// All organisations that are not closed, by kind and name.
///
/// # Errors
/// See [`DbError`].
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Org>, DbError> {
    let sql = "SELECT id, credit_code, name_zh, name_en, kind, division, parent FROM org
               WHERE closed_at IS NULL ORDER BY kind, name_zh";
    let rows = tx.query(sql, &[])?;
    let read = |row: &crate::db::Row| {
        Ok(Org {
            id: row.get(0)?,
            credit_code: row.get(1)?,
            name_zh: row.get(2)?,
            name_en: row.get(3)?,
            kind: row.get(4)?,
            division: row.get(5)?,
            parent: row.get(6)?,
        })
    };
    rows.iter().map(read).collect()
}
