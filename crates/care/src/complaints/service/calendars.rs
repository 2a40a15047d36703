//! The calendar of working days: proposed by one official, confirmed by another.

use kernel::actor::Actor;
use kernel::approval::{self, Approval};
use kernel::db::{DbError, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use crate::calendar::{self, Calendar};
use crate::complaints::rules::Refused;

/// Version and calendar of now, and the proposals that wait with their days.
pub type State = (i64, Calendar, Vec<(Approval, String)>);

const APPROVAL: &str = "care.calendar";

/// Proposes a calendar.
///
/// # Errors
/// [`Refused::Calendar`], or one waits already.
pub async fn propose(app: &App, maker: &Actor, text: String) -> Result<Id, Problem> {
    let calendar = Calendar::parse(&text).map_err(|_| Refused::Calendar)?;
    let (id, now) = (app.id(), Utc::now());
    let entry = Entry::new(app.id(), now, maker, "calendar.proposed", "Art. 22").on("approval", id);
    let maker = maker.clone();
    app.db
        .write(move |tx| {
            approval::ask(tx, id, &maker, APPROVAL, "calendar", "", now)?;
            let sql = "INSERT INTO care_calendar_proposal (approval_id, days) VALUES ($1, $2)";
            tx.execute(sql, &[v(id), v(calendar.text())])?;
            journal::record(tx, &entry)?;
            Ok(id)
        })
        .await
}

/// Confirms a calendar or sends it back. Deadlines that were set stay as they are.
///
/// # Errors
/// The checker's own proposal, or none that waits.
pub async fn decide(app: &App, checker: &Actor, id: Id, yes: bool) -> Result<(), Problem> {
    let now = Utc::now();
    let entry =
        Entry::new(app.id(), now, checker, "calendar.decided", "Art. 22").on("approval", id);
    let checker = checker.clone();
    app.db
        .write(move |tx| {
            let decided = approval::decide(tx, id, &checker, yes, "", now)?;
            if decided.kind != APPROVAL {
                return Err(Problem::not_found());
            }
            if yes {
                let sql = "INSERT INTO care_calendar (version, made_at, days, approval_id)
                           SELECT $1, $2, days, approval_id FROM care_calendar_proposal
                           WHERE approval_id = $3";
                let version = calendar::current(tx)?.0 + 1;
                tx.execute_one(sql, &[v(version), v(now), v(id)])?;
            }
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// The calendar of now with its version, and what waits, with its days.
///
/// # Errors
/// See [`DbError`].
pub async fn state(app: &App) -> Result<State, Problem> {
    fn read(tx: &mut Tx<'_>) -> Result<State, DbError> {
        let (version, calendar) = calendar::current(tx)?;
        let mut waiting = Vec::new();
        for approval in approval::open(tx, APPROVAL)? {
            let sql = "SELECT days FROM care_calendar_proposal WHERE approval_id = $1";
            let days = tx.one(sql, &[v(approval.id)])?.get(0)?;
            waiting.push((approval, days));
        }
        Ok((version, calendar, waiting))
    }
    Ok(app.db.read(read).await?)
}
