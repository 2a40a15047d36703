//! The desk: calling numbers, the ticket machine in the hall, the manager's days.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Query, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::{day_of, hours, service, weekday, with_problem};
use crate::rules::{MOST_CALLS, Turn, parse_spans};
use crate::service::queue::{self, Asked, End, Queue};
use crate::service::{Appointment, Outlet, Ticket, appointments, minute_of, register};

#[derive(Template)]
#[template(path = "desk_queue.html")]
struct QueuePage {
    p: Page,
    queue: Queue,
    booked: Vec<Appointment>,
    counter: i64,
    problem: Option<Problem>,
    now: Utc,
}

impl QueuePage {
    /// The number served at the reader's counter.
    fn own(&self) -> Option<&Ticket> {
        self.queue.called.iter().find(|ticket| ticket.counter == Some(self.counter))
    }

    fn waited(&self, ticket: &Ticket) -> i64 {
        (self.now.0 - ticket.taken_at.0) / Utc::SECOND / 60
    }

    fn turn(&self, ticket: &Ticket) -> &str {
        match ticket.turn {
            Turn::Usual => "",
            Turn::Care => self.p.t("优先", "Priority"),
            Turn::Appointment => self.p.t("预约", "Appointment"),
        }
    }

    /// Booked for today and not come yet.
    fn expected(&self) -> impl Iterator<Item = &Appointment> {
        self.booked.iter().filter(|one| one.state == "booked")
    }

    fn late(&self, one: &Appointment) -> bool {
        one.slot + 15 < i64::from(minute_of(self.now))
    }
}

#[derive(Deserialize)]
pub(super) struct Counter {
    #[serde(default)]
    counter: String,
}

pub(super) async fn queue(
    State(app): State<App>,
    clerk: Actor,
    p: Page,
    Query(at): Query<Counter>,
) -> Result<Response, Problem> {
    show(&app, &clerk, p, at.counter.parse().unwrap_or(1), None).await
}

async fn show(
    app: &App,
    clerk: &Actor,
    p: Page,
    counter: i64,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let queue = queue::look(app, outlet).await?;
    let booked = appointments::of_day(app, outlet, now.day()).await?;
    let status = problem.as_ref().map(|problem| problem.status);
    with_problem(render(&QueuePage { p, queue, booked, counter, problem, now }), status)
}

async fn back(
    app: &App,
    clerk: &Actor,
    p: Page,
    counter: i64,
    done: Result<Ticket, Problem>,
) -> Result<Response, Problem> {
    match done {
        Ok(_) => Ok(Redirect::to(&format!("/desk/queue?counter={counter}")).into_response()),
        Err(problem) if problem.status < 500 => show(app, clerk, p, counter, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

pub(super) async fn next(
    State(app): State<App>,
    clerk: Actor,
    p: Page,
    Form(at): Form<Counter>,
) -> Result<Response, Problem> {
    let counter = at.counter.parse().unwrap_or(0);
    let called = queue::call_next(&app, &clerk, counter, Utc::now()).await;
    back(&app, &clerk, p, counter, called).await
}

#[derive(Deserialize)]
pub(super) struct EndForm {
    counter: String,
    number: String,
    end: String,
}

pub(super) async fn end(
    State(app): State<App>,
    clerk: Actor,
    p: Page,
    Form(form): Form<EndForm>,
) -> Result<Response, Problem> {
    let counter = form.counter.parse().unwrap_or(0);
    let number = form.number.parse().map_err(|_| Problem::not_found())?;
    let end = End::from_code(&form.end).ok_or_else(Problem::not_found)?;
    let ended = queue::end(&app, &clerk, number, end, Utc::now()).await;
    back(&app, &clerk, p, counter, ended).await
}

#[derive(Template)]
#[template(path = "queue_machine.html")]
struct MachinePage {
    p: Page,
    outlet: Outlet,
    taken: Option<(Ticket, usize)>,
    problem: Option<Problem>,
}

pub(super) async fn machine(
    State(app): State<App>,
    clerk: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let outlet = register::one(&app, outlet, Utc::now().day()).await?;
    render(&MachinePage { p, outlet, taken: None, problem: None })
}

#[derive(Deserialize)]
pub(super) struct MachineForm {
    #[serde(default)]
    service: String,
    #[serde(default)]
    care: String,
    #[serde(default)]
    appointment: String,
}

pub(super) async fn take(
    State(app): State<App>,
    clerk: Actor,
    p: Page,
    Form(form): Form<MachineForm>,
) -> Result<Response, Problem> {
    let (id, now) = (clerk.org.ok_or_else(Problem::forbidden)?, Utc::now());
    let taken = if form.appointment.trim().is_empty() {
        let turn = if form.care == "1" { Turn::Care } else { Turn::Usual };
        let asked = Asked { outlet: id, service: form.service, turn, person: None };
        queue::take(&app, &clerk, asked, now).await
    } else {
        queue::arrive(&app, &clerk, id, &form.appointment, now).await
    };
    let queue = queue::look(&app, id).await?;
    let (taken, problem) = match taken {
        Ok(ticket) => {
            let before = queue.before(&ticket);
            (Some((ticket, before)), None)
        }
        Err(problem) if problem.status < 500 => (None, Some(problem)),
        Err(problem) => return Err(problem),
    };
    let status = problem.as_ref().map(|problem| problem.status);
    with_problem(render(&MachinePage { p, outlet: queue.outlet, taken, problem }), status)
}

#[derive(Template)]
#[template(path = "desk_outlet.html")]
struct DaysPage {
    p: Page,
    outlet: Outlet,
    form: DayForm,
    problem: Option<Problem>,
}

#[derive(Default, Deserialize)]
pub(super) struct DayForm {
    day: String,
    #[serde(default)]
    hours: String,
    reason: String,
}

pub(super) async fn days(
    State(app): State<App>,
    manager: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let id = manager.org.ok_or_else(Problem::forbidden)?;
    let outlet = register::one(&app, id, Utc::now().day()).await?;
    render(&DaysPage { p, outlet, form: DayForm::default(), problem: None })
}

pub(super) async fn set_day(
    State(app): State<App>,
    manager: Actor,
    p: Page,
    Form(form): Form<DayForm>,
) -> Result<Response, Problem> {
    match try_set_day(&app, &manager, &form).await {
        Ok(()) => Ok(Redirect::to("/desk/outlet").into_response()),
        Err(problem) if problem.status < 500 => {
            let id = manager.org.ok_or_else(Problem::forbidden)?;
            let outlet = register::one(&app, id, Utc::now().day()).await?;
            let status = Some(problem.status);
            with_problem(render(&DaysPage { p, outlet, form, problem: Some(problem) }), status)
        }
        Err(problem) => Err(problem),
    }
}

async fn try_set_day(app: &App, manager: &Actor, form: &DayForm) -> Result<(), Problem> {
    let spans = parse_spans(&form.hours.replace('\u{ff0c}', ","))?;
    if form.reason.trim().is_empty() {
        let text = Text::new("请写明原因，群众会看到", "Say why; people will see it");
        return Err(Problem::field("reason", text));
    }
    let day = day_of(&form.day, "day")?;
    register::set_exception(app, manager, day, spans, form.reason.clone()).await
}
