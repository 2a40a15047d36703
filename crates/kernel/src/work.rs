//! What waits for somebody: the lines of the start page of staff. Each is offered by the capability whose
//! work it is, and counted for the one who asks, so that nobody is sent to a list that is empty for him.

use crate::actor::{Actor, Role};
use crate::db::{DbError, Tx, Value, v};
use crate::law::Text;
use crate::platform::Platform;
use crate::problem::Problem;
use crate::time::Utc;

/// How much waits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// All of it.
    pub all: i64,
    /// What is past its day among it.
    pub late: i64,
}

/// Counts what waits for an actor at a moment.
pub type Count = fn(&mut Tx<'_>, &Actor, Utc) -> Result<Waiting, DbError>;

/// One kind of work.
#[derive(Clone, Debug)]
pub struct Work {
    /// Who does it.
    pub roles: &'static [Role],
    /// Where it is done.
    pub href: &'static str,
    /// Its name.
    pub label: Text,
    /// How much of it waits.
    pub count: Count,
}

/// What waits for an actor: what is late first, then by the order of the capabilities; nothing that is empty.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &Platform, actor: &Actor) -> Result<Vec<(Work, Waiting)>, Problem> {
    let known = app.work.get().map_or(&[][..], Vec::as_slice);
    let mine: Vec<Work> =
        known.iter().filter(|work| work.roles.contains(&actor.role)).cloned().collect();
    let actor = actor.clone();
    let mut found = app
        .db
        .read(move |tx| {
            let count = |work: &Work| Ok((work.clone(), (work.count)(tx, &actor, Utc::now())?));
            mine.iter().map(count).collect::<Result<Vec<_>, DbError>>()
        })
        .await?;
    found.retain(|(_, waiting)| waiting.all > 0);
    found.sort_by_key(|(_, waiting)| waiting.late == 0);
    Ok(found)
}

/// One row of two numbers: all, and the late among them.
///
/// # Errors
/// See [`DbError`].
pub fn counted(tx: &mut Tx<'_>, sql: &str, values: &[Value]) -> Result<Waiting, DbError> {
    let row = tx.one(sql, values)?;
    Ok(Waiting { all: row.get(0)?, late: row.get(1)? })
}

/// Decisions of these kinds that wait for another than their maker.
///
/// # Errors
/// See [`DbError`].
pub fn decisions(tx: &mut Tx<'_>, actor: &Actor, kinds: &[&str]) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*) FROM approval
               WHERE decision = 'open' AND kind = $1 AND made_by <> $2";
    let mut all = 0;
    for kind in kinds {
        all += tx.one(sql, &[v(*kind), v(actor.account)])?.get::<i64>(0)?;
    }
    Ok(Waiting { all, late: 0 })
}
