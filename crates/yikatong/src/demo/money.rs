//! Money of the demonstration: a list that a unit entered, checked line by line.

use std::io::Cursor;

use super::actor_of;
use funds::rosters::rules::State;
use funds::rosters::service::{self, Declared, Source};
use funds::rosters::{demo, store, work};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};

/// People of a list.
const PEOPLE: i64 = 12;
/// Aid for farm machinery: an amount in each line; its department has an account here.
const PROGRAMME: &str = "BT-NY-003";
/// Makes the list. Nobody of a fresh demonstration has an account yet: the lines tell so, each with its
/// reason and what to do.
///
/// # Errors
/// See [`Problem`].
pub(super) async fn make(app: &App) -> Result<(), Problem> {
    let unit = actor_of(app, "CLERK").await?;
    let list = demo::list(app, PEOPLE, 13_500, true).await?;
    let declared = Declared {
        programme: PROGRAMME.to_owned(),
        period: day_text(Utc::now().day())[..4].to_owned(),
        division: String::new(),
        lines: list.lines,
        fen: list.fen,
    };
    let source = Source::File(Box::new(Cursor::new(list.csv)));
    let roster = service::create(app, &unit, declared, source).await?;
    while !is_checked(app, roster).await? {
        work::round(app).await?;
    }
    Ok(())
}

async fn is_checked(app: &App, roster: Id) -> Result<bool, Problem> {
    let read = app.db.read(move |tx| Ok::<_, Problem>(store::by_id(tx, roster)?));
    Ok(read.await?.is_some_and(|roster| roster.state == State::Checked))
}
