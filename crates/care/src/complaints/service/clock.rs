//! What time does to matters: reminders, escalation, closing.

use kernel::actor::Actor;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use time::Duration;

use super::{carry_out, ids};
use crate::calendar;
use crate::complaints::rules::{Act, Hand, Matter, State, Step};
use crate::complaints::store::{self, Event};
use crate::complaints::{CLOSE_DAYS, REMIND_DAYS};

/// One round: reminds before the deadline, takes late matters to the authority above, closes what was
/// answered and not spoken of again.
///
/// # Errors
/// The database's word.
pub async fn round(app: &App, now: Utc) -> Result<String, Problem> {
    let (due, silent) = app
        .db
        .read(move |tx| {
            let (_, calendar) = calendar::current(tx)?;
            let ahead = calendar.after(now.day(), settings::get(tx, &REMIND_DAYS, now)?);
            let close = settings::get(tx, &CLOSE_DAYS, now)?;
            let before = Utc::start_of(now.day().saturating_sub(Duration::days(close)));
            Ok::<_, Problem>((store::due(tx, ahead)?, store::silent(tx, before)?))
        })
        .await?;
    let mut counts = [0; 3];
    for matter in due {
        let late = matter.due < now.day();
        if late && !matter.escalated {
            counts[1] += usize::from(escalate(app, matter, now).await?);
        } else if !matter.reminded {
            counts[0] += usize::from(remind(app, matter, now).await?);
        }
    }
    for matter in silent {
        counts[2] += usize::from(step(app, matter, Act::Close, "", now).await?);
    }
    let [reminded, escalated, closed] = counts;
    Ok(format!("{reminded} reminded, {escalated} escalated, {closed} closed"))
}

async fn remind(app: &App, matter: Matter, now: Utc) -> Result<bool, Problem> {
    let entry = app.id();
    app.db
        .write(move |tx| {
            let Some(matter) = store::by_id(tx, matter.id)?.filter(|m| !m.reminded) else {
                return Ok(false);
            };
            let next = Matter { reminded: true, version: matter.version + 1, ..matter };
            store::save(tx, &next)?;
            let note = format!("答复期限 {}", kernel::time::day_text(next.due));
            let event = Event { at: now, act: "remind".to_owned(), by_role: String::new(), note };
            store::add_event(tx, &next, &event, None)?;
            let system = Actor::system();
            let entry = Entry::new(entry, now, &system, "complaint.reminded", "Art. 22");
            journal::record(tx, &entry.on("complaint", next.id))?;
            Ok::<_, Problem>(true)
        })
        .await
}

/// A late matter goes up; where nobody is above, it is marked, so that lists show it first.
async fn escalate(app: &App, matter: Matter, now: Utc) -> Result<bool, Problem> {
    let id = matter.id;
    let done = step(app, matter, Act::Escalate, "超过答复期限", now).await;
    match done {
        Err(problem) if problem.code == "complaints/highest" => {
            let entry = app.id();
            app.db
                .write(move |tx| {
                    let Some(matter) = store::by_id(tx, id)?.filter(|m| !m.escalated) else {
                        return Ok(false);
                    };
                    let next = Matter { escalated: true, version: matter.version + 1, ..matter };
                    store::save(tx, &next)?;
                    let system = Actor::system();
                    let entry = Entry::new(entry, now, &system, "complaint.late", "Art. 22");
                    journal::record(tx, &entry.on("complaint", next.id))?;
                    Ok(true)
                })
                .await
        }
        other => other,
    }
}

async fn step(
    app: &App,
    matter: Matter,
    act: Act,
    note: &'static str,
    now: Utc,
) -> Result<bool, Problem> {
    let (ids, system) = (ids(app), Actor::system());
    app.db
        .write(move |tx| {
            let Some(fresh) = store::by_id(tx, matter.id)? else {
                return Ok(false);
            };
            let moved = fresh.version != matter.version || fresh.state == State::Closed;
            if moved {
                return Ok(false);
            }
            carry_out(tx, &ids, &system, Hand::Clock, fresh, &Step::new(act, note), now)?;
            Ok(true)
        })
        .await
}
