//! Plans and their milestones.

use items::rules::Word as _;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text};
use time::Date;

use super::super::rules::{Milestone, Plan, PlanState};
use super::{day, maybe_day, word};

const COLUMNS: &str = "id, scheme_id, state, route, from_day, target_day, todo_zh, todo_en";

fn read(row: &Row) -> Result<Plan, DbError> {
    Ok(Plan {
        id: row.get(0)?,
        scheme: row.get(1)?,
        state: word(row, 2)?,
        route: word(row, 3)?,
        from: day(row, 4)?,
        target: day(row, 5)?,
        todo: Text { zh: row.get(6)?, en: row.get(7)? },
        milestones: Vec::new(),
    })
}

fn read_milestone(row: &Row) -> Result<(Id, Milestone), DbError> {
    let milestone = Milestone {
        place: row.get(1)?,
        name: Text { zh: row.get(2)?, en: row.get(3)? },
        due: day(row, 4)?,
        done_on: maybe_day(row, 5)?,
        evidence: row.get(6)?,
    };
    Ok((row.get(0)?, milestone))
}

/// Enters a proposed plan with its milestones.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, plan: &Plan, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO fusion_plan (id, scheme_id, state, route, from_day, target_day, todo_zh,
         todo_en, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            v(plan.id),
            v(plan.scheme),
            v(plan.state.code()),
            v(plan.route.code()),
            v(day_text(plan.from)),
            v(day_text(plan.target)),
            v(&plan.todo.zh),
            v(&plan.todo.en),
            v(now),
        ],
    )?;
    for step in &plan.milestones {
        tx.execute(
            "INSERT INTO fusion_milestone (plan_id, place, name_zh, name_en, due_on, evidence)
             VALUES ($1, $2, $3, $4, $5, '')",
            &[v(plan.id), v(step.place), v(&step.name.zh), v(&step.name.en), v(day_text(step.due))],
        )?;
    }
    Ok(())
}

/// Moves a plan from one state to another.
///
/// # Errors
/// [`DbError::Conflict`] when it is not in that state any more.
pub fn set_state(tx: &mut Tx<'_>, id: Id, from: PlanState, to: PlanState) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE fusion_plan SET state = $1 WHERE id = $2 AND state = $3",
        &[v(to.code()), v(id), v(from.code())],
    )
}

/// Marks a milestone as reached.
///
/// # Errors
/// [`DbError::Conflict`] when it is reached already.
pub fn reach(
    tx: &mut Tx<'_>,
    plan: Id,
    place: i64,
    on: Date,
    evidence: &str,
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE fusion_milestone SET done_on = $1, evidence = $2
         WHERE plan_id = $3 AND place = $4 AND done_on IS NULL",
        &[v(day_text(on)), v(evidence), v(plan), v(place)],
    )
}

fn with_milestones(tx: &mut Tx<'_>, mut plans: Vec<Plan>) -> Result<Vec<Plan>, DbError> {
    let ids: Vec<_> = plans.iter().map(|plan| v(plan.id)).collect();
    let sql = "SELECT plan_id, place, name_zh, name_en, due_on, done_on, evidence
               FROM fusion_milestone WHERE plan_id IN (#)";
    for row in &tx.query_in(sql, &ids)? {
        let (id, milestone) = read_milestone(row)?;
        if let Some(plan) = plans.iter_mut().find(|plan| plan.id == id) {
            plan.milestones.push(milestone);
        }
    }
    for plan in &mut plans {
        plan.milestones.sort_by_key(|step| step.place);
    }
    Ok(plans)
}

/// All plans of a scheme, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_scheme(tx: &mut Tx<'_>, scheme: Id) -> Result<Vec<Plan>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM fusion_plan WHERE scheme_id = $1 ORDER BY id DESC");
    let plans = tx.query(&sql, &[v(scheme)])?.iter().map(read).collect::<Result<_, _>>()?;
    with_milestones(tx, plans)
}

/// All plans in force.
///
/// # Errors
/// See [`DbError`].
pub fn in_force(tx: &mut Tx<'_>) -> Result<Vec<Plan>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM fusion_plan WHERE state = $1 ORDER BY id");
    let confirmed = [v(PlanState::Confirmed.code())];
    let plans = tx.query(&sql, &confirmed)?.iter().map(read).collect::<Result<_, _>>()?;
    with_milestones(tx, plans)
}

/// One plan.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Plan>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM fusion_plan WHERE id = $1");
    let plans = tx.query(&sql, &[v(id)])?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(with_milestones(tx, plans)?.pop())
}
