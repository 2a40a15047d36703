//! Forms for those who tell, and the page of supervision.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State as AppState;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;
use sheet::CsvWriter;

use super::rules::{self, Act, Kind, State, Telling};
use super::service;
use super::store::{self, Filter, Report};

const HOLDERS: &[Role] = &[Role::Holder];
const SERVING: &[Role] = &[Role::Clerk, Role::OutletManager, Role::DepartmentOfficer];
const SUPERVISORS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
];
const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Auditor,
];
const HOLDER: Access = Access::Roles(HOLDERS);
const SERVER: Access = Access::Roles(SERVING);
const READER: Access = Access::Roles(READERS);
const ACTS: Access = Access::Roles(SUPERVISORS);

pub(crate) fn routes() -> Routes {
    Routes::new("codes")
        .page(Method::GET, "/refused", Access::Public, &[22, 25], form_open)
        .page(Method::POST, "/refused", Access::Public, &[22, 25], tell_open)
        .page(Method::GET, "/me/refused", HOLDER, &[22, 25], form_signed_in)
        .page(Method::POST, "/me/refused", HOLDER, &[22, 25], tell_signed_in)
        .page(Method::GET, "/desk/refused", SERVER, &[25], form_signed_in)
        .page(Method::POST, "/desk/refused", SERVER, &[25], tell_signed_in)
        .page(Method::GET, "/office/refusals", READER, &[25], list)
        .page(Method::GET, "/office/refusals.csv", READER, &[25], csv)
        .page(Method::POST, "/office/refusals/{id}", ACTS, &[25], act)
        .more("/me/refused", Text::new("拒绝用卡反映", "My card was refused"))
        .nav(SERVING, "/desk/refused", Text::new("拒绝用卡登记", "Record a refusal"), None)
        .nav(READERS, "/office/refusals", Text::new("拒绝用卡反映", "Refusals"), None)
        .work(
            SUPERVISORS,
            "/office/refusals",
            Text::new("拒绝用卡反映", "Refusals told"),
            store::count_waiting,
        )
}

#[derive(Template)]
#[template(path = "refused.html")]
struct TellPage {
    p: Page,
    target: &'static str,
    form: Telling,
    items: Vec<items::store::Named>,
    kinds: Vec<Kind>,
    mine: Vec<Report>,
    problem: Option<Problem>,
    done: Option<Id>,
}

impl TellPage {
    fn fault(&self, field: &str) -> Option<&str> {
        let faults = self.problem.iter().flat_map(|problem| &problem.fields);
        faults.into_iter().find(|fault| fault.field == field).map(|fault| self.p.text(&fault.text))
    }
}

fn target(actor: Option<&Actor>) -> &'static str {
    match actor.map(|actor| actor.role) {
        None => "/refused",
        Some(Role::Holder) => "/me/refused",
        Some(_) => "/desk/refused",
    }
}

async fn page(
    app: &App,
    p: Page,
    actor: Option<&Actor>,
    form: Telling,
    result: Result<Option<Id>, Problem>,
) -> Result<Response, Problem> {
    let account = actor.map(|actor| actor.account);
    let (items, mine) = app
        .db
        .read(move |tx| {
            let mine = account.map(|account| store::told_by(tx, account)).transpose()?;
            Ok::<_, Problem>((items::store::names(tx)?, mine.unwrap_or_default()))
        })
        .await?;
    let target = target(actor);
    let kinds = match target {
        "/desk/refused" => vec![Kind::Refused, Kind::WithoutCard],
        _ => vec![Kind::Refused],
    };
    let (done, problem) = match result {
        Ok(done) => (done, None),
        Err(problem) => (None, Some(problem)),
    };
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let page = render(&TellPage { p, target, form, items, kinds, mine, problem, done })?;
    Ok((StatusCode::from_u16(status).unwrap_or_default(), page).into_response())
}

fn fresh() -> Telling {
    let kind = Kind::Refused.code().to_owned();
    Telling { kind, day: day_text(Utc::now().day()), ..Telling::default() }
}

async fn form_open(AppState(app): AppState<App>, p: Page) -> Result<Response, Problem> {
    page(&app, p, None, fresh(), Ok(None)).await
}

async fn form_signed_in(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let form = Telling { division: actor.division.clone(), ..fresh() };
    page(&app, p, Some(&actor), form, Ok(None)).await
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    reason: String,
}

async fn tell(app: &App, p: Page, actor: Option<&Actor>, sent: Sent) -> Result<Response, Problem> {
    let Sent { kind, item, place, division, day, reason } = sent;
    let form = Telling { kind, item, place, division, day, reason };
    match service::tell(app, actor, &form).await {
        Ok(id) => page(app, p, actor, fresh(), Ok(Some(id))).await,
        Err(problem) if problem.status == 422 => page(app, p, actor, form, Err(problem)).await,
        Err(problem) => Err(problem),
    }
}

async fn tell_open(
    AppState(app): AppState<App>,
    p: Page,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    tell(&app, p, None, sent).await
}

async fn tell_signed_in(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    tell(&app, p, Some(&actor), sent).await
}

#[derive(Template)]
#[template(path = "supervision.html")]
struct SupervisionPage {
    p: Page,
    filter: Filter,
    counts: HashMap<(String, String), i64>,
    reports: Vec<Report>,
    names: HashMap<String, Text>,
    next: Option<Id>,
    acts: bool,
    reader: Id,
    today: time::Date,
}

impl SupervisionPage {
    fn count(&self, kind: &Kind, state: &State) -> i64 {
        let key = (kind.code().to_owned(), state.code().to_owned());
        self.counts.get(&key).copied().unwrap_or_default()
    }

    fn item<'a>(&'a self, code: &'a str) -> &'a str {
        self.names.get(code).map_or(code, |name| self.p.text(name))
    }

    fn query(&self) -> String {
        let Filter { kind, state, item, division } = &self.filter;
        let plain = |text: &str| -> String {
            text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
        };
        let [kind, state, item, division] = [kind, state, item, division].map(|text| plain(text));
        format!("kind={kind}&state={state}&item={item}&division={division}")
    }
}

/// A district sees its own only.
fn narrowed(actor: &Actor, filter: Filter) -> Filter {
    let all = rules::may_see(actor, &filter.division);
    if all { filter } else { Filter { division: actor.division.clone(), ..filter } }
}

#[derive(Deserialize)]
struct Before {
    before: Option<String>,
}

const SHOWN: i64 = 50;

async fn list(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Query(filter): Query<Filter>,
    Query(from): Query<Before>,
) -> Result<Response, Problem> {
    let filter = narrowed(&actor, filter);
    let before = from.before.and_then(|id| id.parse().ok()).unwrap_or(Id(i64::MAX));
    let wanted = filter.clone();
    let (counts, reports, names) = app
        .db
        .read(move |tx| {
            let counts = store::counts(tx, &wanted.division)?;
            let reports = store::list(tx, &wanted, before, SHOWN)?;
            Ok::<_, Problem>((counts, reports, items::store::names(tx)?))
        })
        .await?;
    let counts = counts.into_iter().map(|(kind, state, n)| ((kind, state), n)).collect();
    let names = names.into_iter().map(|item| (item.code, item.name)).collect();
    let next = (reports.len() == SHOWN as usize).then(|| reports.last().map(|r| r.id)).flatten();
    let (acts, reader) = (SUPERVISORS.contains(&actor.role), actor.account);
    let today = Utc::now().day();
    render(&SupervisionPage { p, filter, counts, reports, names, next, acts, reader, today })
}

async fn csv(
    AppState(app): AppState<App>,
    actor: Actor,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let filter = narrowed(&actor, filter);
    let read =
        app.db.read(move |tx| Ok::<_, Problem>(store::list(tx, &filter, Id(i64::MAX), 10_000)?));
    let reports = read.await?;
    let today = Utc::now().day();
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        writer.row([
            "id",
            "kind",
            "item",
            "place",
            "division",
            "day",
            "reason",
            "source",
            "told_at",
            "state",
            "due",
            "overdue",
            "taken_by",
            "answer",
            "closed_at",
        ])?;
        for report in &reports {
            let closed = report.closed_at.map(Utc::rfc3339).unwrap_or_default();
            writer.row([
                report.id.to_string().as_str(),
                report.kind.code(),
                &report.item,
                &report.place,
                &report.division,
                &day_text(report.day),
                &report.reason,
                report.source.code(),
                &report.told_at.rfc3339(),
                report.state.code(),
                &day_text(report.due),
                if report.overdue(today) { "yes" } else { "no" },
                &report.taken_name,
                &report.answer,
                &closed,
            ])?;
        }
        writer.finish()
    };
    // Writing into memory cannot fail.
    let bytes = write().map_err(|_: std::io::Error| Problem::not_found())?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
}

#[derive(Deserialize)]
struct Step {
    act: String,
    #[serde(default)]
    answer: String,
}

async fn act(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<Id>,
    Form(step): Form<Step>,
) -> Result<Response, Problem> {
    let act = match step.act.as_str() {
        "take" => Act::Take,
        "answer" => Act::Answer(step.answer),
        "close" => Act::Close,
        "return" => Act::Return,
        _ => {
            let text = Text::new("请选择办理方式", "Choose what to do");
            return Err(Problem::field("act", text));
        }
    };
    service::act(&app, &actor, id, act).await?;
    Ok(Redirect::to("/office/refusals").into_response())
}
