//! Workload of outlets: who sees which, totals, and the table as a file.

use kernel::actor::{Actor, Role};
use kernel::db::DbError;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use time::{Date, Duration};

use super::{Outlet, all_on};
use crate::store::figures::{self, Line};

/// The work of some outlets in some days.
#[derive(Clone, Debug)]
pub struct Work {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// The outlets that the actor may see.
    pub outlets: Vec<Outlet>,
    /// One line for each outlet, day and service.
    pub lines: Vec<Line>,
    /// Tickets taken in each hour of the day, at the outlet that was asked for.
    pub hours: [i64; 24],
}

/// The longest period that is counted at once, in days.
const MOST_DAYS: i64 = 366;

/// Figures from a day to a day, of one outlet or of all that the actor may see: a manager his own, a
/// district's officials their district's, the municipal ones all.
///
/// # Errors
/// [`Problem::not_found`] for an outlet that the actor may not see.
pub async fn work(
    app: &App,
    actor: &Actor,
    outlet: Option<Id>,
    from: Option<Date>,
    until: Option<Date>,
) -> Result<Work, Problem> {
    let actor = actor.clone();
    app.db
        .read(move |tx| {
            let today = Utc::now().day();
            let until = until.unwrap_or(today);
            let from = from.unwrap_or_else(|| until.saturating_sub(Duration::days(29)));
            let from = from.min(until).max(until.saturating_sub(Duration::days(MOST_DAYS)));
            let mut outlets = all_on(tx, today)?;
            outlets.retain(|outlet| may_see(&actor, outlet));
            let chosen = match outlet {
                Some(id) => {
                    vec![outlets.iter().find(|o| o.id == id).ok_or_else(Problem::not_found)?.id]
                }
                None => outlets.iter().map(|outlet| outlet.id).collect(),
            };
            if chosen.is_empty() {
                return Ok(Work { from, until, outlets, lines: Vec::new(), hours: [0; 24] });
            }
            let mut hours = [0; 24];
            if let [one] = chosen[..] {
                hours = figures::hours(tx, one, from, until)?;
            }
            let lines = figures::lines(tx, &chosen, from, until)?;
            Ok::<_, Problem>(Work { from, until, outlets, lines, hours })
        })
        .await
}

fn may_see(actor: &Actor, outlet: &Outlet) -> bool {
    match actor.role {
        Role::OutletManager => actor.org == Some(outlet.id),
        Role::DistrictOfficer | Role::DistrictApprover => actor.division == outlet.details.division,
        _ => true,
    }
}

/// Totals by a key, in the order in which keys come first.
pub fn totals<K: PartialEq>(lines: &[Line], key: impl Fn(&Line) -> K) -> Vec<(K, Line)> {
    let mut sums: Vec<(K, Line)> = Vec::new();
    for line in lines {
        let of = key(line);
        match sums.iter_mut().find(|(known, _)| *known == of) {
            Some((_, sum)) => sum.add(line),
            None => sums.push((of, line.clone())),
        }
    }
    sums
}

/// All lines as CSV for a spreadsheet (UTF-8 with a mark).
///
/// # Errors
/// [`DbError::Engine`] when it cannot be written, which memory alone can cause.
pub fn csv(work: &Work) -> Result<Vec<u8>, DbError> {
    let mut out = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let failed = |error: csv::Error| DbError::Engine(error.to_string());
    out.write_record([
        "day",
        "outlet",
        "service",
        "taken",
        "done",
        "missed",
        "left",
        "mean_wait_s",
        "longest_wait_s",
        "mean_service_s",
    ])
    .map_err(failed)?;
    for line in &work.lines {
        let outlet = work.outlets.iter().find(|outlet| outlet.id == line.outlet);
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        out.write_record([
            line.day.clone(),
            outlet.map(|outlet| outlet.details.name.zh.clone()).unwrap_or_default(),
            line.service.clone(),
            line.taken.to_string(),
            line.done.to_string(),
            line.missed.to_string(),
            line.left.to_string(),
            number(line.mean_wait_s()),
            line.longest_s.to_string(),
            number(line.mean_served_s()),
        ])
        .map_err(failed)?;
    }
    out.into_inner().map_err(|error| DbError::Engine(error.to_string()))
}
