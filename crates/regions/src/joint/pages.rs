//! The counter of a joint outlet, and the office that looks after joint service.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use cards::rules::Cause;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Query, Routes, Upload, render};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::document::DocumentKind;
use people::evidence::rules::EvidenceKind;
use people::rules::Ground;
use serde::Deserialize;

use super::api::COUNTER;
use super::rules::{Answer, PAPER, PAPERS, Service, Wanted, Words};
use super::service::{self, Holder, Paper};
use super::store::{self, Case, Month, Outlet};
use super::{months, rules};
use crate::store as regions;

const DESK: Access = Access::Roles(COUNTER);
const READERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
const OFFICER: Access = Access::Roles(&[Role::MunicipalOfficer]);
const HOME: &str = "/desk/joint";
const OFFICE: &str = "/office/joint";
/// While the answer is on its way, the page looks again by itself.
const FRESH: i64 = 120;

pub(crate) fn routes() -> Routes {
    let most = PAPERS * PAPER + 65_536;
    Routes::new("regions")
        .page(Method::GET, HOME, DESK, &[11, 17], cases)
        .page(Method::GET, "/desk/joint/new", DESK, &[11, 12], new)
        .page(Method::GET, "/desk/joint/case/{id}", DESK, &[11], case)
        .upload(HOME, DESK, &[11, 12, 17], most, send)
        .page(Method::GET, OFFICE, Access::Roles(READERS), &[11, 17, 23], office)
        .page(Method::POST, "/office/joint/outlets/{org}", OFFICER, &[11, 20], set_outlet)
        .page(Method::POST, "/office/joint/settle", OFFICER, &[11, 12], settle)
        .nav(COUNTER, HOME, Text::new("川渝通办", "Joint service"), None)
        .nav(READERS, OFFICE, Text::new("川渝通办", "Joint service"), None)
}

/// What the pages say of a case.
fn state(p: &Page, case: &Case) -> (&'static str, String) {
    let late = case.is_late(Utc::now());
    let (badge, zh, en) = match (case.state.as_str(), case.closed_at) {
        ("sent", _) if late => ("badge-bad", "逾期未答复", "No answer in time"),
        ("sent", _) => ("badge-warn", "等待发卡地答复", "Waits for the home region"),
        ("refused", _) => ("badge-bad", "未办理", "Refused"),
        (_, None) if late => ("badge-bad", "逾期未发卡", "Card not handed over in time"),
        (_, None) => ("badge-info", "已受理，待发卡", "Taken; the card is being made"),
        _ => ("badge-ok", "已办结", "Done"),
    };
    (badge, p.t(zh, en).to_owned())
}

#[derive(Template)]
#[template(path = "joint_cases.html")]
struct Cases {
    p: Page,
    regions: Vec<(String, String)>,
    cases: Vec<Case>,
}

impl Cases {
    fn state(&self, case: &Case) -> (&'static str, String) {
        state(&self.p, case)
    }
}

async fn trusted(app: &App) -> Result<Vec<(String, String)>, Problem> {
    let all = app.db.read(|tx| Ok::<_, Problem>(regions::all_trusted(tx)?)).await?;
    Ok(all.into_iter().map(|known| (known.said.region, known.said.name)).collect())
}

async fn cases(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let (regions, cases) = (trusted(&app).await?, service::cases(&app, &actor).await?);
    render(&Cases { p, regions, cases })
}

#[derive(Template)]
#[template(path = "joint_new.html")]
struct New {
    p: Page,
    regions: Vec<(String, String)>,
    region: String,
    service: Service,
    wanted: Wanted,
    problem: Option<Problem>,
}

impl New {
    fn papers(&self) -> &'static [EvidenceKind] {
        match self.service {
            Service::Apply | Service::Replace => &[
                EvidenceKind::DocumentFront,
                EvidenceKind::DocumentBack,
                EvidenceKind::Signature,
                EvidenceKind::Other,
            ],
            Service::HandOver => &[EvidenceKind::Signature],
            _ => &[],
        }
    }

    fn is(&self, service: &str) -> bool {
        self.service.code() == service
    }

    fn wrong(&self, field: &str) -> Option<&str> {
        let faults = &self.problem.as_ref()?.fields;
        faults.iter().find(|fault| fault.field == field).map(|fault| self.p.text(&fault.text))
    }
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    service: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    from: String,
}

async fn new(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(choice): Query<Choice>,
) -> Result<Response, Problem> {
    let service = Service::from_code(&choice.service).unwrap_or(Service::Look);
    let (mut region, mut holder) = (choice.region, Holder::default());
    if !choice.from.is_empty() {
        let (case, _) = service::case(&app, &actor, &choice.from).await?;
        holder = service::holder_of(&case);
        region = case.region;
    }
    let Holder { number, name } = holder;
    let wanted = Wanted { number, name, ..Wanted::default() };
    let regions = trusted(&app).await?;
    render(&New { p, regions, region, service, wanted, problem: None })
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    region: String,
    #[serde(flatten)]
    wanted: Wanted,
}

async fn send(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    sent: Upload<Sent>,
) -> Result<Response, Problem> {
    let Upload { form, files } = sent;
    let paper = |file: kernel::http::UploadedFile| {
        let kind = EvidenceKind::from_code(&file.field).ok_or(rules::Refused::Papers)?;
        Ok(Paper { kind, bytes: file.bytes })
    };
    let papers = files.into_iter().map(paper).collect::<Result<Vec<_>, Problem>>();
    let done = match papers {
        Ok(papers) => service::send(&app, &actor, &form.region, form.wanted.clone(), papers).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(id) => Ok(Redirect::to(&format!("/desk/joint/case/{id}")).into_response()),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let service = Service::from_code(&form.wanted.service).unwrap_or(Service::Look);
            let (regions, region) = (trusted(&app).await?, form.region);
            // A password is never sent back.
            let wanted = Wanted { password: String::new(), ..form.wanted };
            let page = New { p, regions, region, service, wanted, problem: Some(problem) };
            Ok((status, render(&page)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "joint_case.html")]
struct One {
    p: Page,
    case: Case,
    answer: Option<Answer>,
    keeps_holder: bool,
}

impl One {
    fn state(&self) -> (&'static str, String) {
        state(&self.p, &self.case)
    }

    fn say<'a>(&self, words: &'a Words) -> &'a str {
        self.p.t(&words.zh, &words.en)
    }

    fn yuan(&self, fen: &i64) -> String {
        format!("{}.{:02}", fen / 100, fen % 100)
    }

    /// What can be done next, and what cannot and why.
    fn next(&self) -> Vec<(Service, Option<Words>)> {
        let offered = self.answer.iter().flat_map(|answer| &answer.possible);
        let known =
            offered.filter_map(|(code, why)| Some((Service::from_code(code)?, why.clone())));
        known.collect()
    }
}

async fn case(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (case, answer) = service::case(&app, &actor, &id).await?;
    let young = Utc::now().seconds() - case.sent_at.seconds() < FRESH;
    let waits = case.state == "sent" && young;
    let keeps_holder = !service::holder_of(&case).number.is_empty();
    let mut response = render(&One { p, case, answer, keeps_holder })?;
    if waits {
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "joint_office.html")]
struct Office {
    p: Page,
    open: i64,
    late: i64,
    cases: Vec<Case>,
    outlets: Vec<Outlet>,
    months: Vec<Month>,
    officer: bool,
}

impl Office {
    fn state(&self, case: &Case) -> (&'static str, String) {
        state(&self.p, case)
    }

    fn yuan(&self, fen: &i64) -> String {
        format!("{}.{:02}", fen / 100, fen % 100)
    }
}

async fn office(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let read = |tx: &mut kernel::db::Tx<'_>| {
        let (open, late) = store::open_and_late(tx, Utc::now())?;
        let cases = store::newest(tx, 100)?;
        Ok::<_, Problem>((open, late, cases, store::outlets(tx)?, store::months(tx)?))
    };
    let (open, late, cases, outlets, months) = app.db.read(read).await?;
    let officer = actor.role == Role::MunicipalOfficer;
    render(&Office { p, open, late, cases, outlets, months, officer })
}

#[derive(Deserialize)]
struct Door {
    state: String,
}

async fn set_outlet(
    State(app): State<App>,
    actor: Actor,
    Path(org): Path<Id>,
    Form(door): Form<Door>,
) -> Result<Response, Problem> {
    let now = Utc::now();
    let (act, closed) = match door.state.as_str() {
        "closed" => ("joint.outlet-closed", Some(now)),
        "open" => ("joint.outlet-opened", None),
        _ => return Err(Problem::field("state", Text::new("请选择", "Choose"))),
    };
    let why = "是否受理对方网点的通办业务 / whether cases of that outlet are taken";
    let entry = Entry::new(app.id(), now, &actor, act, "Art. 11").on("outlet", org).why(why, &[]);
    let write = move |tx: &mut kernel::db::Tx<'_>| {
        store::outlet(tx, org)?.ok_or_else(Problem::not_found)?;
        store::set_closed(tx, org, closed)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await?;
    Ok(Redirect::to(OFFICE).into_response())
}

#[derive(Deserialize)]
struct Settled {
    region: String,
    month: String,
    way: String,
    #[serde(default)]
    reference: String,
}

async fn settle(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Settled>,
) -> Result<Response, Problem> {
    let key = (form.region.as_str(), form.month.as_str(), form.way == "in");
    months::settle(&app, &actor, key, &form.reference).await?;
    Ok(Redirect::to(OFFICE).into_response())
}
