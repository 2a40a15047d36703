//! The holder: a number from the phone, and appointments.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, NoFields, Page, Query, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;
use time::{Date, Duration};

use super::{day_of, id_of, service, weekday, with_problem};
use crate::service::appointments::{self, Booking, Free};
use crate::service::queue::{self, Asked, Queue};
use crate::service::{Appointment, Outlet, Ticket, register};

#[derive(Template)]
#[template(path = "me_queue.html")]
struct QueuePage {
    p: Page,
    own: Option<(Ticket, Queue)>,
}

pub(super) async fn queue(
    State(app): State<App>,
    holder: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let own = queue::own(&app, &holder).await?;
    render(&QueuePage { p, own })
}

#[derive(Deserialize)]
pub(super) struct TakeForm {
    outlet: String,
    service: String,
}

pub(super) async fn take(
    State(app): State<App>,
    holder: Actor,
    Form(form): Form<TakeForm>,
) -> Result<Response, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let turn = queue::turn_of(&app, person, now).await?;
    let asked =
        Asked { outlet: id_of(&form.outlet)?, service: form.service, turn, person: Some(person) };
    queue::take(&app, &holder, asked, now).await?;
    Ok(Redirect::to("/me/queue").into_response())
}

pub(super) async fn leave(
    State(app): State<App>,
    holder: Actor,
    Form(_): Form<NoFields>,
) -> Result<Response, Problem> {
    queue::leave(&app, &holder, Utc::now()).await?;
    Ok(Redirect::to("/me/queue").into_response())
}

#[derive(Template)]
#[template(path = "me_appointments.html")]
struct AppointmentsPage {
    p: Page,
    held: Vec<(Appointment, Option<Outlet>)>,
}

pub(super) async fn appointments(
    State(app): State<App>,
    holder: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let mut held = appointments::of_person(&app, person).await?;
    held.retain(|(appointment, _)| appointment.state != "cancelled");
    render(&AppointmentsPage { p, held })
}

/// What was chosen so far.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    slot: String,
    #[serde(default)]
    needs: String,
}

/// A day that can be chosen.
struct DayTab {
    day: String,
    weekday: &'static str,
    current: bool,
}

#[derive(Template)]
#[template(path = "me_appointment_new.html")]
struct ChoosePage {
    p: Page,
    outlet: Outlet,
    days: Vec<DayTab>,
    day: String,
    free: Vec<Free>,
    choice: Choice,
    problem: Option<Problem>,
}

pub(super) async fn choose(
    State(app): State<App>,
    p: Page,
    Query(choice): Query<Choice>,
) -> Result<Response, Problem> {
    if choice.outlet.is_empty() {
        return Ok(Redirect::to("/outlets").into_response());
    }
    show(&app, p, choice, None).await
}

async fn show(
    app: &App,
    p: Page,
    choice: Choice,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let id = id_of(&choice.outlet)?;
    let today = Utc::now().day();
    let first = register::one(app, id, today).await?;
    let ahead = appointments::days_ahead(app).await?;
    let days = (0..=ahead).filter_map(|after| today.checked_add(Duration::days(after)));
    let days: Vec<Date> = days.filter(|d| !first.details.hours.on(*d).is_empty()).collect();
    let day = match choice.day.is_empty() {
        true => days.first().copied().unwrap_or(today),
        false => day_of(&choice.day, "day")?,
    };
    let (outlet, free) = appointments::free(app, id, day).await?;
    let tab = |other: &Date| DayTab {
        day: day_text(*other),
        weekday: weekday(&p, *other),
        current: *other == day,
    };
    let (days, day) = (days.iter().map(tab).collect(), day_text(day));
    let status = problem.as_ref().map(|problem| problem.status);
    with_problem(render(&ChoosePage { p, outlet, days, day, free, choice, problem }), status)
}

pub(super) async fn book(
    State(app): State<App>,
    holder: Actor,
    p: Page,
    Form(choice): Form<Choice>,
) -> Result<Response, Problem> {
    let booking = Booking {
        person: holder.person.ok_or_else(Problem::forbidden)?,
        outlet: id_of(&choice.outlet)?,
        day: day_of(&choice.day, "day")?,
        slot: choice.slot.parse().unwrap_or(-1),
        service: choice.service.clone(),
        needs: choice.needs.clone(),
    };
    match appointments::book(&app, &holder, booking, Utc::now()).await {
        Ok(_) => Ok(Redirect::to("/me/appointments").into_response()),
        Err(problem) if problem.status < 500 => show(&app, p, choice, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
pub(super) struct CancelForm {
    id: String,
}

pub(super) async fn cancel(
    State(app): State<App>,
    holder: Actor,
    Form(form): Form<CancelForm>,
) -> Result<Response, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    appointments::cancel(&app, &holder, person, id_of(&form.id)?).await?;
    Ok(Redirect::to("/me/appointments").into_response())
}
