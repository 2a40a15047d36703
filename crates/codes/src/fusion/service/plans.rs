//! Plans to merge, and their milestones.

use kernel::actor::Actor;
use kernel::approval;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::approvals::PLAN;
use super::read_day;
use crate::fusion::rules::{self, Plan, PlanState, Refused, State, read_milestones};
use crate::fusion::store::{plans, schemes};

/// A plan as it is typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NewPlan {
    /// First day.
    pub from: String,
    /// Day on which all is done.
    pub target: String,
    /// What a holder has to do, in Chinese.
    pub todo_zh: String,
    /// The same in English.
    #[serde(default)]
    pub todo_en: String,
    /// One a line: `2027-03-31 数据对接 / Data connected`.
    pub milestones: String,
}

/// Proposes a plan; its route follows from Art. 6: fused use where the State requires the card, else
/// it is merged.
///
/// # Errors
/// [`Refused`] as a problem, or wrong fields.
pub async fn propose(app: &App, actor: &Actor, code: &str, new: &NewPlan) -> Result<Plan, Problem> {
    let (from, target) = (read_day(&new.from, "from")?, read_day(&new.target, "target")?);
    let milestones = read_milestones(&new.milestones)?;
    let todo = Text::new(new.todo_zh.trim(), new.todo_en.trim());
    let (actor, code) = (actor.clone(), code.to_owned());
    let (id, approval_id, entry_id) = (app.id(), app.id(), app.id());
    app.db
        .write(move |tx| {
            let (now, scheme) = (Utc::now(), super::own_scheme(tx, &actor, &code)?);
            if !matches!(scheme.state, State::Registered | State::Merging) {
                return Err(Refused::NotNow.into());
            }
            let plan = Plan {
                id,
                scheme: scheme.id,
                state: PlanState::Proposed,
                route: scheme.route(),
                from,
                target,
                todo: todo.clone(),
                milestones: milestones.clone(),
            };
            rules::check_plan(&plan, now.day())?;
            let others = plans::of_scheme(tx, scheme.id)?;
            if others.iter().any(|other| other.state == PlanState::Proposed) {
                return Err(Refused::Waiting.into());
            }
            plans::insert(tx, &plan, now)?;
            let summary = format!("{} {} – {}", scheme.code, from, target);
            approval::ask(tx, approval_id, &actor, PLAN, &id.to_string(), &summary, now)?;
            let entry = Entry::new(entry_id, now, &actor, "fusion.plan-proposed", "Art. 16");
            journal::record(tx, &entry.on("fusion-plan", id).why(summary, &[]))?;
            Ok(plan)
        })
        .await
}

pub(super) fn decide(
    tx: &mut Tx<'_>,
    id: Id,
    yes: bool,
    now: Utc,
) -> Result<&'static str, Problem> {
    let plan = plans::by_id(tx, id)?.ok_or(Refused::NoSuchStep)?;
    if !yes {
        plans::set_state(tx, id, PlanState::Proposed, PlanState::Rejected)?;
        return Ok("fusion.plan-sent-back");
    }
    rules::check_plan(&plan, now.day())?;
    let scheme = schemes::by_id(tx, plan.scheme)?.ok_or(Refused::NoSuchScheme)?;
    if !matches!(scheme.state, State::Registered | State::Merging) {
        return Err(Refused::NotNow.into());
    }
    for other in plans::of_scheme(tx, plan.scheme)? {
        if other.state == PlanState::Confirmed {
            plans::set_state(tx, other.id, PlanState::Confirmed, PlanState::Replaced)?;
        }
    }
    plans::set_state(tx, id, PlanState::Proposed, PlanState::Confirmed)?;
    schemes::set_state(tx, &scheme, State::Merging)?;
    Ok("fusion.plan-confirmed")
}

/// A milestone is reached; with the last one the card is merged.
///
/// # Errors
/// No such step in a plan in force, or nothing that shows it.
pub async fn reach(
    app: &App,
    actor: &Actor,
    code: &str,
    place: i64,
    evidence: &str,
) -> Result<State, Problem> {
    let evidence = evidence.trim().to_owned();
    if !(1..=200).contains(&evidence.chars().count()) {
        return Err(Refused::Evidence.into());
    }
    let (actor, code, entry_id) = (actor.clone(), code.to_owned(), app.id());
    app.db
        .write(move |tx| {
            let (now, scheme) = (Utc::now(), super::own_scheme(tx, &actor, &code)?);
            let all = plans::of_scheme(tx, scheme.id)?;
            let plan = all.iter().find(|plan| plan.state == PlanState::Confirmed);
            let plan = plan.ok_or(Refused::NoSuchStep)?;
            let open = |step: &&rules::Milestone| step.place == place && step.done_on.is_none();
            let step = plan.milestones.iter().find(open).ok_or(Refused::NoSuchStep)?;
            plans::reach(tx, plan.id, place, now.day(), &evidence)?;
            let last = plan.done() + 1 == plan.milestones.len();
            let state = if last { State::Fused } else { State::Merging };
            // Also when the state stays: two steps that are reached at once are counted one after the other.
            schemes::set_state(tx, &scheme, state)?;
            let entry = Entry::new(entry_id, now, &actor, "fusion.step-reached", "Art. 16");
            let said = format!("{} {}: {evidence}", scheme.code, step.name.zh);
            journal::record(tx, &entry.on("fusion-plan", plan.id).why(said, &[]))?;
            Ok(state)
        })
        .await
}
