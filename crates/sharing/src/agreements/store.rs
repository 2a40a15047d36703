//! All SQL of agreements.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use kernel::work::{self, Waiting};
use time::Date;

use super::catalogue::{from_codes, to_codes};
use super::rules::{Agreement, State, Terms};

const COLUMNS: &str = "id, agreement_id, number, org_id, item, matter, purpose_code, purpose, basis, \
     fields, from_on, until_on, per_day, keep_days, level, recipient_key, push_url, state, asked_by, \
     assessed_by, first_by, second_by, review_on, version, by_consent";

fn read(row: &Row) -> Result<Agreement, DbError> {
    let bad = || DbError::Engine("an agreement cannot be read".to_owned());
    let day = |at: usize| parse_day(&row.get::<String>(at)?).ok_or_else(bad);
    let review: Option<String> = row.get(22)?;
    Ok(Agreement {
        version_id: row.get(0)?,
        id: row.get(1)?,
        number: row.get(2)?,
        org: row.get(3)?,
        terms: Terms {
            item: row.get(4)?,
            matter: row.get(5)?,
            purpose_code: row.get(6)?,
            purpose: row.get(7)?,
            basis: row.get(8)?,
            by_consent: row.get(24)?,
            fields: from_codes(&row.get::<String>(9)?).ok_or_else(bad)?,
            from: day(10)?,
            until: day(11)?,
            per_day: row.get(12)?,
            keep_days: row.get(13)?,
            level: row.get(14)?,
            recipient_key: row.get(15)?,
            push_url: row.get(16)?,
        },
        state: State::from_code(&row.get::<String>(17)?).ok_or_else(bad)?,
        asked_by: row.get(18)?,
        assessed_by: row.get(19)?,
        first_by: row.get(20)?,
        second_by: row.get(21)?,
        review_on: review.map(|text| parse_day(&text).ok_or_else(bad)).transpose()?,
        version: row.get(23)?,
    })
}

/// Enters a requested version.
///
/// # Errors
/// [`DbError::Unique`] when the number of the version is taken.
pub fn insert(tx: &mut Tx<'_>, one: &Agreement) -> Result<(), DbError> {
    let t = &one.terms;
    tx.execute(
        "INSERT INTO share_agreement (id, agreement_id, number, org_id, item, matter, purpose_code,
             purpose, basis, fields, from_on, until_on, per_day, keep_days, level, recipient_key,
             push_url, state, asked_by, version, by_consent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19, 1, $20)",
        &[
            v(one.version_id),
            v(one.id),
            v(one.number),
            v(one.org),
            v(&t.item),
            v(&t.matter),
            v(&t.purpose_code),
            v(&t.purpose),
            v(&t.basis),
            v(to_codes(&t.fields)),
            v(day_text(t.from)),
            v(day_text(t.until)),
            v(t.per_day),
            v(t.keep_days),
            v(t.level),
            v(t.recipient_key.as_deref()),
            v(&t.push_url),
            v(one.state.code()),
            v(one.asked_by),
            v(t.by_consent),
        ],
    )
    .map(drop)
}

/// Writes where a version is and whose hands it went through.
///
/// # Errors
/// [`DbError::Conflict`] when it changed meanwhile.
pub fn save(tx: &mut Tx<'_>, one: &Agreement) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE share_agreement SET state = $1, assessed_by = $2, first_by = $3, second_by = $4,
             review_on = $5, version = version + 1 WHERE id = $6 AND version = $7",
        &[
            v(one.state.code()),
            v(one.assessed_by),
            v(one.first_by),
            v(one.second_by),
            v(one.review_on.map(day_text)),
            v(one.version_id),
            v(one.version),
        ],
    )
}

/// One version.
///
/// # Errors
/// See [`DbError`].
pub fn version(tx: &mut Tx<'_>, id: Id) -> Result<Option<Agreement>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM share_agreement WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// All versions of an agreement, first to last.
///
/// # Errors
/// See [`DbError`].
pub fn versions(tx: &mut Tx<'_>, agreement: Id) -> Result<Vec<Agreement>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM share_agreement WHERE agreement_id = $1 ORDER BY number");
    tx.query(&sql, &[v(agreement)])?.iter().map(read).collect()
}

/// All versions of all agreements, or of one department's, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn all(tx: &mut Tx<'_>, org: Option<Id>) -> Result<Vec<Agreement>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM share_agreement WHERE org_id = $1 OR $1 = 0 ORDER BY id DESC"
    );
    tx.query(&sql, &[v(org.unwrap_or(Id(0)))])?.iter().map(read).collect()
}

/// One line of what happened to a version.
#[derive(Clone, Debug)]
pub struct Step {
    /// `requested`, `assessed` …
    pub step: String,
    /// Who.
    pub by_name: String,
    /// What was said.
    pub comment: String,
    /// When.
    pub at: Utc,
}

/// Adds a line.
///
/// # Errors
/// See [`DbError`].
pub fn add_step(
    tx: &mut Tx<'_>,
    id: Id,
    version: Id,
    (step, comment): (&str, &str),
    by: &Actor,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO share_step (id, version_id, step, by_account, by_name, comment, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[v(id), v(version), v(step), v(by.account), v(&by.name), v(comment), v(now)],
    )
    .map(drop)
}

/// All lines of a version.
///
/// # Errors
/// See [`DbError`].
pub fn steps(tx: &mut Tx<'_>, version: Id) -> Result<Vec<Step>, DbError> {
    let sql = "SELECT step, by_name, comment, at FROM share_step WHERE version_id = $1 ORDER BY id";
    let read = |row: &Row| {
        let (step, by_name) = (row.get(0)?, row.get(1)?);
        Ok(Step { step, by_name, comment: row.get(2)?, at: row.get(3)? })
    };
    tx.query(sql, &[v(version)])?.iter().map(read).collect()
}

/// Puts the assessment on file.
///
/// # Errors
/// [`DbError::Unique`] when there is one.
pub fn insert_assessment(
    tx: &mut Tx<'_>,
    version: Id,
    size: i64,
    digest: &[u8; 32],
    sealed: &[u8],
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO share_assessment (version_id, media, size, digest, sealed)
         VALUES ($1, 'application/pdf', $2, $3, $4)",
        &[v(version), v(size), v(digest), v(sealed)],
    )
    .map(drop)
}

/// Digest and sealed content of a file.
pub type Filed = ([u8; 32], Vec<u8>);

/// Digest and sealed content of the assessment.
///
/// # Errors
/// See [`DbError`].
pub fn assessment(tx: &mut Tx<'_>, version: Id) -> Result<Option<Filed>, DbError> {
    let sql = "SELECT digest, sealed FROM share_assessment WHERE version_id = $1";
    tx.optional(sql, &[v(version)])?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// The account of the agreement's program.
///
/// # Errors
/// See [`DbError`].
pub fn program(tx: &mut Tx<'_>, agreement: Id) -> Result<Option<Id>, DbError> {
    let sql = "SELECT account_id FROM share_program WHERE agreement_id = $1";
    tx.optional(sql, &[v(agreement)])?.map(|row| row.get(0)).transpose()
}

/// The agreement that an account is the program of.
///
/// # Errors
/// See [`DbError`].
pub fn agreement_of(tx: &mut Tx<'_>, account: Id) -> Result<Option<Id>, DbError> {
    let sql = "SELECT agreement_id FROM share_program WHERE account_id = $1";
    tx.optional(sql, &[v(account)])?.map(|row| row.get(0)).transpose()
}

/// Remembers the program's account.
///
/// # Errors
/// [`DbError::Unique`] when the agreement has one.
pub fn insert_program(tx: &mut Tx<'_>, agreement: Id, account: Id) -> Result<(), DbError> {
    let sql = "INSERT INTO share_program (agreement_id, account_id) VALUES ($1, $2)";
    tx.execute(sql, &[v(agreement), v(account)]).map(drop)
}

/// Forgets the program's account.
///
/// # Errors
/// See [`DbError`].
pub fn remove_program(tx: &mut Tx<'_>, agreement: Id) -> Result<(), DbError> {
    let sql = "DELETE FROM share_program WHERE agreement_id = $1";
    tx.execute(sql, &[v(agreement)]).map(drop)
}

/// Published versions whose review is due by a day.
///
/// # Errors
/// See [`DbError`].
pub fn review_due(tx: &mut Tx<'_>, by: Date) -> Result<Vec<Agreement>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM share_agreement WHERE state = 'published' AND review_on <= $1
         ORDER BY review_on"
    );
    tx.query(&sql, &[v(day_text(by))])?.iter().map(read).collect()
}

/// How many wait for their assessment by another than who asked.
///
/// # Errors
/// See [`DbError`].
pub fn count_requested(tx: &mut Tx<'_>, actor: &Actor) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM share_agreement
               WHERE state = 'requested' AND asked_by <> $1";
    work::counted(tx, sql, &[v(actor.account)])
}

/// How many wait for an approval that this actor may give.
///
/// # Errors
/// See [`DbError`].
pub fn count_assessed(tx: &mut Tx<'_>, actor: &Actor) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM share_agreement
               WHERE state IN ('assessed', 'approved') AND asked_by <> $1 AND assessed_by <> $2
                 AND COALESCE(first_by, 0) <> $3";
    work::counted(tx, sql, &[v(actor.account), v(actor.account), v(actor.account)])
}
