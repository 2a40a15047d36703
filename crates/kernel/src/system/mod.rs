//! What an operator looks after: the key of the sealed columns, messages that were not taken, the
//! repeating work (Art. 19, 20).

mod pages;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::actor::Actor;
use crate::db::{DbError, begin_turn, turning};
use crate::http::Routes;
use crate::jobs::{Job, Round};
use crate::journal::{self, Entry};
use crate::law::Text;
use crate::platform::{App, Platform};
use crate::problem::Problem;
use crate::time::Utc;

/// The pages.
pub fn routes() -> Routes {
    pages::routes()
}

/// Different texts, or rows, of a step.
const STEP: i64 = 300;
/// A round works so long, then others have their turn.
const ROUND: Duration = Duration::from_secs(5);
/// Between two steps writers go first.
const REST: Duration = Duration::from_millis(20);

/// Turns the key of the sealed columns where that was begun.
pub const TURN: Job = Job { name: "kernel.key-turn", every: Duration::from_secs(2), run: turn };

fn turn(app: App) -> Round {
    Box::pin(async move {
        if app.db.read(turning).await?.next.is_none() {
            return Ok("settled".to_owned());
        }
        let (began, mut steps) = (Instant::now(), 0);
        let mut trouble = None;
        while began.elapsed() < ROUND {
            match app.db.turn_step(STEP).await {
                Ok(true) => steps += 1,
                Ok(false) => break,
                // Somebody writes for long: he goes first, and the step is repeated.
                Err(error) => trouble = Some(error),
            }
            tokio::time::sleep(REST).await;
        }
        if let (0, Some(error)) = (steps, trouble) {
            return Err(error.into());
        }
        Ok(format!("{steps} steps"))
    })
}

/// Begins to turn the key: a new one is made, and everything sealed is sealed anew in the background
/// while all go on working. Returns the new generation.
///
/// # Errors
/// A turn is under way, the database is not fit for it, or the key cannot be kept.
pub async fn begin(app: &Platform, actor: &Actor) -> Result<i64, Problem> {
    let state = app.db.read(turning).await?;
    if state.next.is_some() {
        return Err(under_way());
    }
    let made = app.keys.make_generation((state.generation + 1) as usize);
    made.map_err(|error| Problem::from(DbError::Unavailable(error.to_string())))?;
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "key.turn-begun", "Art. 19");
    app.db
        .write(move |tx| {
            let next = begin_turn(tx, now).map_err(|error| match error {
                DbError::Conflict => under_way(),
                DbError::Forbidden(_) => not_fit(),
                other => other.into(),
            })?;
            let entry = entry.clone().on("key", format!("field-{next}"));
            journal::record(tx, &entry.why("更换加密密钥 / another key", &[]))?;
            Ok::<_, Problem>(next)
        })
        .await
}

fn under_way() -> Problem {
    Problem::new(
        409,
        "system/turn-under-way",
        Text::new("正在更换密钥", "A key is being turned already"),
        Text::new("请等待完成", "Wait until it has ended"),
    )
}

fn not_fit() -> Problem {
    Problem::new(
        409,
        "system/turn-not-fit",
        Text::new(
            "数据库不按字节比较文本，不能更换密钥",
            "The database does not compare texts byte by byte",
        ),
        Text::new(
            "请用 LC_COLLATE 'C' 建库（见运行手册）",
            "Make it with LC_COLLATE 'C' (docs/operations.md)",
        ),
    )
}
