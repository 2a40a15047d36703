//! Outlets for programs: the register, slots, appointments, the queue.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Query, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa_axum::routes;

use crate::pages::Search;
use crate::rules::{Turn, Word, spans_text};
use crate::service::appointments::{self, Booking};
use crate::service::queue::{self, Asked, End};
use crate::service::{Appointment, Outlet, Ticket, register};

const DESK: Access = Access::Roles(&[Role::Clerk, Role::OutletManager]);
/// Who books: holders for themselves, desk and hotline for somebody who asks them to.
const BOOKERS: Access = Access::Roles(&[Role::Holder, Role::Clerk, Role::HotlineAgent]);

pub(crate) fn routes() -> Routes {
    Routes::new("outlets")
        .api(Access::Public, &[11], routes!(list))
        .api(Access::Public, &[11], routes!(one))
        .api(Access::Public, &[11], routes!(slots))
        .api(Access::Public, &[11], routes!(line))
        .api(BOOKERS, &[11, 15], routes!(book))
        .api(BOOKERS, &[11], routes!(cancel))
        .api(DESK, &[11, 15], routes!(take))
        .api(DESK, &[11], routes!(call))
        .api(DESK, &[11], routes!(end))
}

/// An outlet.
#[derive(Serialize, utoipa::ToSchema)]
struct OutletBody {
    #[schema(value_type = String)]
    id: Id,
    kind: &'static str,
    name_zh: String,
    name_en: String,
    /// GB/T 2260.
    division: String,
    address: String,
    directions: String,
    /// Degrees, WGS 84.
    latitude: f64,
    /// Degrees, WGS 84.
    longitude: f64,
    phone: String,
    /// Monday first; `09:00-12:00,13:00-17:00`, empty when closed.
    week: Vec<String>,
    /// Days that differ, from the day that was asked for.
    exceptions: Vec<ExceptionBody>,
    services: Vec<&'static str>,
    languages: Vec<&'static str>,
    access: Vec<&'static str>,
    counters: i64,
    /// Metres from the place that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<i64>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ExceptionBody {
    day: String,
    hours: String,
    reason: String,
}

fn body(outlet: &Outlet, distance_m: Option<i64>) -> OutletBody {
    let d = &outlet.details;
    let codes = |words: &[&'static Word]| words.iter().map(|word| word.code()).collect();
    let exception = |e: &crate::store::register::Exception| ExceptionBody {
        day: day_text(e.day),
        hours: spans_text(&e.spans),
        reason: e.reason.clone(),
    };
    OutletBody {
        id: outlet.id,
        kind: d.kind.code(),
        name_zh: d.name.zh.clone(),
        name_en: d.name.en.clone(),
        division: d.division.clone(),
        address: d.address.clone(),
        directions: d.directions.clone(),
        latitude: d.latitude as f64 / 1e6,
        longitude: d.longitude as f64 / 1e6,
        phone: d.phone.clone(),
        week: d.hours.week.iter().map(|spans| spans_text(spans)).collect(),
        exceptions: outlet.exceptions.iter().map(exception).collect(),
        services: codes(&d.services),
        languages: codes(&d.languages),
        access: codes(&d.access),
        counters: d.counters,
        distance_m,
    }
}

/// A day; today when none is given.
#[derive(Deserialize, utoipa::IntoParams)]
struct OnDay {
    /// `YYYY-MM-DD`.
    #[serde(default)]
    day: String,
}

impl OnDay {
    fn day(&self) -> Result<Date, Problem> {
        if self.day.is_empty() {
            return Ok(Utc::now().day());
        }
        let text = Text::new("日期格式为 YYYY-MM-DD", "A day is written YYYY-MM-DD");
        parse_day(&self.day).ok_or_else(|| Problem::field("day", text))
    }
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Outlets of today: `q`, `district`, `service`, `access`, `open=1`, `near=29.55,106.57` narrow and
/// sort as on the page.
#[utoipa::path(get, path = "/api/v1/outlets", tag = "outlets",
    responses((status = 200, body = [OutletBody])))]
async fn list(
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<Vec<OutletBody>>, Problem> {
    let now = Utc::now();
    let found = search.narrow(register::list(&app, now.day()).await?, now);
    Ok(Json(found.iter().map(|(outlet, metres)| body(outlet, *metres)).collect()))
}

/// One outlet as it was, is or will be on a day.
#[utoipa::path(get, path = "/api/v1/outlets/{id}", tag = "outlets", params(("id" = String, Path), OnDay),
    responses((status = 200, body = OutletBody), (status = 404, description = "not there on that day")))]
async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(on): Query<OnDay>,
) -> Result<Json<OutletBody>, Problem> {
    Ok(Json(body(&register::one(&app, id_of(&id)?, on.day()?).await?, None)))
}

#[derive(Serialize, utoipa::ToSchema)]
struct SlotBody {
    #[schema(example = "09:30")]
    time: String,
    /// Seats that are free.
    free: i64,
}

/// Times of an outlet's day that can be booked.
#[utoipa::path(get, path = "/api/v1/outlets/{id}/slots", tag = "outlets", params(("id" = String, Path), OnDay),
    responses((status = 200, body = [SlotBody])))]
async fn slots(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(on): Query<OnDay>,
) -> Result<Json<Vec<SlotBody>>, Problem> {
    let (_, free) = appointments::free(&app, id_of(&id)?, on.day()?).await?;
    let slot = |free: &appointments::Free| SlotBody { time: free.time(), free: free.seats };
    Ok(Json(free.iter().map(slot).collect()))
}

#[derive(Serialize, utoipa::ToSchema)]
struct QueueBody {
    waiting: usize,
    called: Vec<TicketBody>,
}

/// A number.
#[derive(Serialize, utoipa::ToSchema)]
struct TicketBody {
    /// What is called: `A007`.
    label: String,
    number: i64,
    service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<i64>,
    /// How often it was called.
    calls: i64,
}

fn ticket(ticket: &Ticket) -> TicketBody {
    let (service, counter) = (ticket.service.clone(), ticket.counter);
    TicketBody {
        label: ticket.label(),
        number: ticket.number,
        service,
        counter,
        calls: ticket.calls,
    }
}

/// The present queue, without anybody's data.
#[utoipa::path(get, path = "/api/v1/outlets/{id}/queue", tag = "outlets", params(("id" = String, Path)),
    responses((status = 200, body = QueueBody)))]
async fn line(State(app): State<App>, Path(id): Path<String>) -> Result<Json<QueueBody>, Problem> {
    let queue = queue::look(&app, id_of(&id)?).await?;
    let called = queue.called.iter().map(ticket).collect();
    Ok(Json(QueueBody { waiting: queue.waiting.len(), called }))
}

/// What is to be booked.
#[derive(Deserialize, utoipa::ToSchema)]
struct BookBody {
    /// For whom; a holder books for himself.
    #[schema(value_type = Option<String>)]
    person: Option<Id>,
    #[schema(value_type = String)]
    outlet: Id,
    /// `YYYY-MM-DD`.
    day: String,
    /// `09:30`.
    time: String,
    service: String,
    /// Help that is needed (Art. 15).
    #[serde(default)]
    needs: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct AppointmentBody {
    #[schema(value_type = String)]
    id: Id,
    day: String,
    time: String,
    /// What is typed at the ticket machine.
    code: String,
}

fn booked(one: &Appointment) -> AppointmentBody {
    AppointmentBody { id: one.id, day: day_text(one.day), time: one.time(), code: one.code() }
}

/// Holders act for themselves only.
fn person_of(actor: &Actor, asked: Option<Id>) -> Result<Id, Problem> {
    match actor.person {
        Some(own) => Ok(own),
        None => {
            asked.ok_or_else(|| Problem::field("person", Text::new("请填写持卡人", "Say for whom")))
        }
    }
}

fn slot_of(time: &str) -> i64 {
    let parts = time.split_once(':').and_then(|(h, m)| Some((h.parse().ok()?, m.parse().ok()?)));
    parts
        .map_or(-1, |(hours, minutes): (i64, i64)| hours.saturating_mul(60).saturating_add(minutes))
}

/// Books a seat; each is given once.
#[utoipa::path(post, path = "/api/v1/appointments", tag = "outlets", request_body = BookBody,
    responses((status = 200, body = AppointmentBody), (status = 409, description = "full, or taken")))]
async fn book(
    State(app): State<App>,
    actor: Actor,
    Json(asked): Json<BookBody>,
) -> Result<Json<AppointmentBody>, Problem> {
    let booking = Booking {
        person: person_of(&actor, asked.person)?,
        outlet: asked.outlet,
        day: OnDay { day: asked.day }.day()?,
        slot: slot_of(&asked.time),
        service: asked.service,
        needs: asked.needs,
    };
    Ok(Json(booked(&appointments::book(&app, &actor, booking, Utc::now()).await?)))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct CancelBody {
    /// Whose it is; a holder's own.
    #[schema(value_type = Option<String>)]
    person: Option<Id>,
    #[schema(value_type = String)]
    id: Id,
}

#[derive(Serialize, utoipa::ToSchema)]
struct DoneBody {
    done: bool,
}

/// Gives a seat back.
#[utoipa::path(post, path = "/api/v1/appointments/cancel", tag = "outlets", request_body = CancelBody,
    responses((status = 200, body = DoneBody)))]
async fn cancel(
    State(app): State<App>,
    actor: Actor,
    Json(asked): Json<CancelBody>,
) -> Result<Json<DoneBody>, Problem> {
    let person = person_of(&actor, asked.person)?;
    appointments::cancel(&app, &actor, person, asked.id).await?;
    Ok(Json(DoneBody { done: true }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct TakeBody {
    #[serde(default)]
    service: String,
    /// Old, disabled, pregnant or with a small child (Art. 15).
    #[serde(default)]
    care: bool,
    /// Code of an appointment, instead of a service.
    #[serde(default)]
    appointment: String,
}

/// Takes a number at the caller's outlet: for ticket machines.
#[utoipa::path(post, path = "/api/v1/queue/numbers", tag = "outlets", request_body = TakeBody,
    responses((status = 200, body = TicketBody)))]
async fn take(
    State(app): State<App>,
    actor: Actor,
    Json(asked): Json<TakeBody>,
) -> Result<Json<TicketBody>, Problem> {
    let (outlet, now) = (actor.org.ok_or_else(Problem::forbidden)?, Utc::now());
    let taken = if asked.appointment.is_empty() {
        let turn = if asked.care { Turn::Care } else { Turn::Usual };
        let asked = Asked { outlet, service: asked.service, turn, person: None };
        queue::take(&app, &actor, asked, now).await?
    } else {
        queue::arrive(&app, &actor, outlet, &asked.appointment, now).await?
    };
    Ok(Json(ticket(&taken)))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct CallBody {
    counter: i64,
}

/// Calls the next number to a counter; no two counters get the same.
#[utoipa::path(post, path = "/api/v1/queue/next", tag = "outlets", request_body = CallBody,
    responses((status = 200, body = TicketBody), (status = 409, description = "nobody waits, or busy")))]
async fn call(
    State(app): State<App>,
    actor: Actor,
    Json(asked): Json<CallBody>,
) -> Result<Json<TicketBody>, Problem> {
    Ok(Json(ticket(&queue::call_next(&app, &actor, asked.counter, Utc::now()).await?)))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct EndBody {
    number: i64,
    /// `done`, `again` or `missed`.
    end: String,
}

/// Ends the number at a counter, or calls it again.
#[utoipa::path(post, path = "/api/v1/queue/end", tag = "outlets", request_body = EndBody,
    responses((status = 200, body = TicketBody)))]
async fn end(
    State(app): State<App>,
    actor: Actor,
    Json(asked): Json<EndBody>,
) -> Result<Json<TicketBody>, Problem> {
    let text = Text::new("请填写 done、again 或 missed", "done, again or missed");
    let how = End::from_code(&asked.end).ok_or_else(|| Problem::field("end", text))?;
    Ok(Json(ticket(&queue::end(&app, &actor, asked.number, how, Utc::now()).await?)))
}
