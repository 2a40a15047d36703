//! How far merging is: what the pages draw and the reminder counts.

use std::collections::HashMap;
use std::sync::Arc;

use items::catalogue::Catalogue;
use items::rules::Item;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings as tuned;
use kernel::time::Utc;
use time::Date;

use crate::fusion::rules::{self, Overlap, Plan, Scheme, Stand, State};
use crate::fusion::{settings, store};

/// One card or code with all that is known of its merging.
#[derive(Clone, Debug)]
pub struct Line {
    /// The card or code.
    pub scheme: Scheme,
    /// The plan in force.
    pub plan: Option<Plan>,
    /// Published items that overlap with it.
    pub overlaps: Vec<Overlap>,
    /// The list does all that it does.
    pub duplicate: bool,
    /// Numbers that are linked now.
    pub linked: i64,
}

impl Line {
    /// Percent of the way: 100 when it is merged, 0 without a plan.
    pub fn percent(&self) -> usize {
        match self.scheme.state {
            State::Fused => 100,
            _ => self.plan.as_ref().map_or(0, Plan::percent),
        }
    }

    /// Milestones whose day has passed.
    pub fn overdue(&self, today: Date) -> usize {
        match self.scheme.state {
            State::Merging => self.plan.as_ref().map_or(0, |plan| plan.overdue(today)),
            _ => 0,
        }
    }
}

fn line(scheme: Scheme, plans: &[Plan], items: &[&Item], linked: &HashMap<Id, i64>) -> Line {
    Line {
        plan: plans.iter().find(|plan| plan.scheme == scheme.id).cloned(),
        overlaps: rules::overlaps(&scheme, items),
        duplicate: rules::duplicates(&scheme, items),
        linked: linked.get(&scheme.id).copied().unwrap_or(0),
        scheme,
    }
}

/// All cards and codes, those that were sent back or ended too.
///
/// # Errors
/// See [`Problem`].
pub async fn lines(app: &App, catalogue: &Catalogue) -> Result<Vec<Line>, Problem> {
    let items: Vec<Arc<Item>> = catalogue.on(Utc::now().day());
    let (schemes, plans, linked) = app
        .db
        .read(|tx| {
            let schemes = store::schemes::all(tx)?;
            let plans = store::plans::in_force(tx)?;
            Ok::<_, Problem>((schemes, plans, store::links::counts(tx)?))
        })
        .await?;
    let items: Vec<&Item> = items.iter().map(Arc::as_ref).collect();
    Ok(schemes.into_iter().map(|scheme| line(scheme, &plans, &items, &linked)).collect())
}

/// Milestones of plans in force that are overdue, and that are due soon.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Milestones {
    /// Their day has passed.
    pub overdue: usize,
    /// Their day is near.
    pub due: usize,
}

/// Counts milestones of cards that are being merged.
///
/// # Errors
/// See [`DbError`].
pub fn milestones(tx: &mut Tx<'_>, now: Utc) -> Result<Milestones, DbError> {
    let ahead = tuned::get(tx, &settings::REMIND_DAYS, now)?;
    let schemes = store::schemes::all(tx)?;
    let merging = |id: Id| schemes.iter().any(|s| s.id == id && s.state == State::Merging);
    let plans = store::plans::in_force(tx)?;
    let mut counted = Milestones::default();
    for step in plans.iter().filter(|plan| merging(plan.scheme)).flat_map(|plan| &plan.milestones) {
        match step.stand(now.day(), ahead) {
            Stand::Overdue => counted.overdue += 1,
            Stand::Due => counted.due += 1,
            Stand::Done | Stand::Ahead => {}
        }
    }
    Ok(counted)
}

/// One round of the reminder: the figures that operators watch.
///
/// # Errors
/// See [`Problem`].
pub async fn remind(app: App) -> Result<String, Problem> {
    let counted: Milestones =
        app.db.read(|tx| Ok::<_, Problem>(milestones(tx, Utc::now())?)).await?;
    let gauge = |stand: &'static str, count: usize| {
        metrics::gauge!("yikatong_fusion_milestones", "stand" => stand).set(count as f64);
    };
    gauge("overdue", counted.overdue);
    gauge("due", counted.due);
    Ok(format!("{} overdue, {} due", counted.overdue, counted.due))
}
