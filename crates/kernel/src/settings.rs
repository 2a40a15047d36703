//! What the authority may tune without a new program: days, limits, switches. A value is changed by
//! one official and confirmed by another, counts from its moment on, and is never overwritten.

mod pages;

use crate::actor::Actor;
use crate::approval;
use crate::db::{DbError, Tx, v};
use crate::id::Id;
use crate::journal::{self, Entry};
use crate::law::Text;
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;

pub use pages::routes;

/// One thing to tune, with the value that counts as long as nobody changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Stable name: `cards.temporary-loss-days`.
    pub name: &'static str,
    /// Value of a new installation.
    pub default: i64,
    /// Least value.
    pub least: i64,
    /// Greatest value; a switch is 0 or 1.
    pub most: i64,
    /// What it is, in Chinese.
    pub zh: &'static str,
    /// What it is, in English.
    pub en: &'static str,
    /// Article that it belongs to.
    pub article: u8,
}

/// The value of now.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, setting: &Setting, now: Utc) -> Result<i64, DbError> {
    let sql = "SELECT value FROM setting WHERE name = $1 AND from_at <= $2
               ORDER BY from_at DESC LIMIT 1";
    let row = tx.optional(sql, &[v(setting.name), v(now)])?;
    row.map_or(Ok(setting.default), |row| row.get(0))
}

const APPROVAL: &str = "setting";

/// Asks for another value; it counts when somebody else confirms it.
///
/// # Errors
/// The value is out of bounds, or a change of this setting waits already.
pub async fn ask(
    app: &App,
    maker: &Actor,
    setting: &'static Setting,
    value: i64,
) -> Result<(), Problem> {
    if !(setting.least..=setting.most).contains(&value) {
        let (least, most) = (setting.least, setting.most);
        let zh = format!("应在 {least} 到 {most} 之间");
        return Err(Problem::field("value", Text::new(zh, format!("Between {least} and {most}"))));
    }
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, maker, "setting.asked", "Art. 4");
    let (id, maker) = (app.id(), maker.clone());
    app.db
        .write(move |tx| {
            let asked =
                approval::ask(tx, id, &maker, APPROVAL, setting.name, &value.to_string(), now);
            asked.map_err(|error| match error {
                DbError::Unique(_) => waits_already(),
                other => other.into(),
            })?;
            let purpose = format!("{} = {value}", setting.name);
            Ok(journal::record(tx, &entry.clone().on("approval", id).why(&purpose, &[]))?)
        })
        .await
}

fn waits_already() -> Problem {
    Problem::new(
        409,
        "settings/waits-already",
        Text::new("该参数已有待复核的调整", "A change of this setting waits already"),
        Text::new("请先复核或退回该调整", "Decide on that one first"),
    )
}

/// Confirms or sends back a change that somebody else asked for.
///
/// # Errors
/// It was the checker's own, or is decided already.
pub async fn decide(
    app: &App,
    checker: &Actor,
    known: &'static [&'static Setting],
    id: Id,
    yes: bool,
) -> Result<(), Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, checker, "setting.decided", "Art. 4");
    let checker = checker.clone();
    app.db
        .write(move |tx| {
            let approval = approval::decide(tx, id, &checker, yes, "", now)?;
            let setting = known.iter().find(|known| known.name == approval.object);
            let setting = setting.filter(|_| approval.kind == APPROVAL);
            let setting = setting.ok_or_else(Problem::not_found)?;
            let value: i64 = approval.summary.parse().map_err(|_| Problem::not_found())?;
            if yes {
                let sql = "INSERT INTO setting (name, from_at, value) VALUES ($1, $2, $3)";
                tx.execute(sql, &[v(setting.name), v(now), v(value)])?;
            }
            let decision = if yes { "confirmed" } else { "sent back" };
            let purpose = format!("{} = {value}: {decision}", setting.name);
            Ok(journal::record(tx, &entry.clone().on("approval", id).why(&purpose, &[]))?)
        })
        .await
}

#[cfg(test)]
mod tests;
