//! Running the checks, and keeping what they found.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::clauses::CLAUSES;
use super::probe::Probe;
use crate::rules::Refused;
use crate::store as regions;

/// What one clause came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Code of the clause.
    pub clause: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was seen.
    pub said: String,
}

/// Checks the installation at an address, clause by clause. It blocks while it asks.
///
/// # Errors
/// The address is none.
pub fn check(url: &str, now_s: i64) -> Result<Vec<Found>, String> {
    let probe = Probe::new(url, now_s)?;
    let one = |clause: &super::clauses::Clause| {
        let (holds, said) = match (clause.check)(&probe) {
            Ok(said) => (true, said),
            Err(said) => (false, said),
        };
        let said = said.replace('\0', "").chars().take(300).collect();
        Found { clause: clause.code.to_owned(), holds, said }
    };
    Ok(CLAUSES.iter().map(one).collect())
}

/// Checks a trusted region and keeps the result beside the clauses.
///
/// # Errors
/// [`Refused::Unlisted`], or the database's word.
pub async fn check_region(app: &App, actor: &Actor, region: &str) -> Result<Vec<Found>, Problem> {
    let wanted = region.to_owned();
    let known = app.db.read(move |tx| Ok::<_, Problem>(regions::trusted(tx, &wanted)?)).await?;
    let endpoint = known.ok_or(Refused::Unlisted)?.said.endpoint;
    let now = Utc::now();
    let checked = tokio::task::spawn_blocking(move || check(&endpoint, now.seconds())).await;
    let broken = |error: String| Problem::from(DbError::Unavailable(error));
    let found = checked.map_err(|error| broken(error.to_string()))?.map_err(broken)?;
    let bad = found.iter().filter(|one| !one.holds).count();
    let mut entry = Entry::new(app.id(), now, actor, "region.checked", "Art. 17")
        .on("region", region)
        .why("检查标准符合情况 / check against the standard", &[]);
    entry.result = if bad == 0 { "ok".to_owned() } else { format!("{bad} clauses do not hold") };
    let (region, kept) = (region.to_owned(), found.clone());
    app.db
        .write(move |tx| {
            for one in &kept {
                put(tx, &region, one, now)?;
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(found)
}

fn put(tx: &mut Tx<'_>, region: &str, one: &Found, now: Utc) -> Result<(), DbError> {
    let sql =
        "INSERT INTO region_check (region, clause, at, holds, said) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (region, clause) DO UPDATE SET at = $3, holds = $4, said = $5";
    let row = [v(region), v(&one.clause), v(now), v(one.holds), v(&one.said)];
    tx.execute(sql, &row).map(drop)
}

/// What the last checks found: region, when, and each clause.
///
/// # Errors
/// See [`DbError`].
pub fn kept(tx: &mut Tx<'_>) -> Result<Vec<(String, Utc, Found)>, DbError> {
    let sql = "SELECT region, at, clause, holds, said FROM region_check ORDER BY region, clause";
    let read = |row: &Row| {
        let found = Found { clause: row.get(2)?, holds: row.get(3)?, said: row.get(4)? };
        Ok((row.get(0)?, row.get(1)?, found))
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}
