//! Holders are told that money arrived or came back: in sets behind those that took the results in, each once.

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::returned;
use crate::payments::store::reports;

/// Lines of a report that one transaction tells of.
const SET: i64 = 5_000;
/// Sets of one round; a round ends well before its lease does.
const MOST: usize = 2_000;

/// Tells of all results that nobody was told of.
///
/// # Errors
/// See [`Problem`]; who was told is not told again.
pub async fn round(app: &App) -> Result<String, Problem> {
    let mut told = 0;
    for _ in 0..MOST {
        let Some(next) = app.db.read(reports::untold).await? else { break };
        let platform = app.clone();
        told += app.db.housekeeping(move |tx| set(tx, &platform, next, Utc::now())).await?;
    }
    Ok(format!("{told} messages"))
}

/// One set of a report from the line that its messages are behind with.
fn set(
    tx: &mut Tx<'_>,
    app: &Platform,
    (report, from, done): (Id, i64, i64),
    now: Utc,
) -> Result<usize, DbError> {
    let to = (from + SET).min(done);
    reports::set_told(tx, report, (from, to))?;
    let (mut paid, mut back) = (Vec::new(), Vec::new());
    for (person, fen, came_back) in reports::happened(tx, report, (from, to))? {
        if came_back { &mut back } else { &mut paid }.push((person, fen));
    }
    returned::tell(tx, app, &paid, true, "", now)?;
    returned::tell(tx, app, &back, false, "", now)?;
    Ok(paid.len() + back.len())
}
