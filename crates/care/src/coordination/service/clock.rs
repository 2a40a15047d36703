//! What time does: tasks of periodic duties, reminders, escalation.

use kernel::actor::Actor;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use time::{Date, Duration};

use super::{NewTask, read, said};
use crate::coordination::REMIND_DAYS;
use crate::coordination::rules::{self, Kind, Nudge, State};
use crate::coordination::store::{self, Duty, Task};

/// Makes the tasks of periodic duties, reminds leads and tells the authority of what is late.
///
/// # Errors
/// The database's word.
pub async fn round(app: &App) -> Result<String, Problem> {
    round_on(app, Utc::now()).await
}

pub(in crate::coordination) async fn round_on(app: &Platform, now: Utc) -> Result<String, Problem> {
    let today = now.day();
    let (duties, tasks, ahead) = app
        .db
        .read(move |tx| {
            let ahead = settings::get(tx, &REMIND_DAYS, now)?;
            let near = today.saturating_add(Duration::days(ahead));
            Ok::<_, Problem>((store::duties(tx)?, store::open_until(tx, near)?, ahead))
        })
        .await?;
    let (mut made, mut told) = (0, 0);
    for duty in duties.into_iter().filter(|duty| duty.until.is_none()) {
        let Some(due) = rules::next_due(duty.since, duty.every_days, today) else { continue };
        made += i64::from(make(app, &duty, due, now).await?);
    }
    for task in tasks {
        let step = rules::nudge(task.due, today, ahead, task.reminded, task.escalated);
        let Some(step) = step else { continue };
        tell(app, task, step, now).await?;
        told += 1;
    }
    Ok(format!("{made} tasks of duties, {told} told"))
}

async fn make(app: &Platform, duty: &Duty, due: Date, now: Utc) -> Result<bool, Problem> {
    let system = Actor::system();
    let (id, step) = (app.id(), app.id());
    let title: String = duty.words.chars().take(60).collect();
    let task = Task {
        duty: Some(duty.id),
        kind: Kind::Duty,
        lead: duty.org,
        due,
        asking: None,
        ..read(
            &NewTask {
                kind: Kind::Proposal.code().to_owned(),
                title,
                words: duty.words.clone(),
                field: duty.field.clone(),
                due: kernel::time::day_text(due),
                ..NewTask::default()
            },
            &Actor { org: Some(duty.org), ..system.clone() },
            id,
            now,
        )?
    };
    let task = Task { state: State::Given, ..task };
    let entry = Entry::new(app.id(), now, &system, "coordination.given", "Art. 9")
        .on("coordination", id)
        .why(task.title.clone(), &[]);
    let (duty, day) = (duty.id, due);
    if app.db.read(move |tx| store::has_duty_task(tx, duty, day)).await? {
        return Ok(false);
    }
    app.db
        .write(move |tx| {
            if !store::insert_task(tx, &task)? {
                return Err(kernel::db::DbError::Conflict.into());
            }
            store::insert_step(tx, id, step, &said(&system, "created", &task.words, now))?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(true)
}

async fn tell(app: &Platform, task: Task, nudge: Nudge, now: Utc) -> Result<(), Problem> {
    let (step, system) = (app.id(), Actor::system());
    let (act, words) = match nudge {
        Nudge::Remind => ("reminded", "临近期限，请抓紧办理"),
        Nudge::Escalate => ("escalated", "已超期，提请市人社部门督办"),
    };
    let entry = Entry::new(app.id(), now, &system, "coordination.nudged", "Art. 9")
        .on("coordination", task.id)
        .why(format!("{act}: {}", task.title), &[]);
    app.db
        .write(move |tx| {
            store::nudged(tx, &task, nudge == Nudge::Escalate, now.day())?;
            store::insert_step(tx, task.id, step, &said(&system, act, words, now))?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}
