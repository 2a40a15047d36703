//! Rosters at the office: of the unit that enters, of the department, of finance.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Json, Page, Path, Routes, Upload, render};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use super::lines::{self, Shown, Which};
use super::reasons::{reason_text, warn_text};
use super::rules::{self, State};
use super::service::{self, Declared, MOST_BYTES, Source};
use super::steps::{self, Objection};
use super::store::{self, Event, Roster, Task};
use super::{report, work};
use crate::programmes::formula::{money, parse_decimal};
use crate::programmes::store::{self as programmes, Programme};

/// Who enters rosters.
pub(super) const ENTERS: &[Role] =
    &[Role::Clerk, Role::OutletManager, Role::DistrictOfficer, Role::DepartmentOfficer];
/// Who sees rosters.
pub(super) const SEES: &[Role] = &[
    Role::Clerk,
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::DepartmentOfficer,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Auditor,
];
/// Who looks at what others entered: departments, and finance among them.
const OFFICERS: &[Role] = &[Role::DepartmentOfficer];
/// Who takes a step or stops one.
const ACTS: &[Role] = &[
    Role::Clerk,
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::DepartmentOfficer,
    Role::MunicipalApprover,
];

pub(super) fn routes() -> Routes {
    let (enters, sees, acts) = (Access::Roles(ENTERS), Access::Roles(SEES), Access::Roles(ACTS));
    let most = MOST_BYTES + (64 << 10);
    Routes::new("funds")
        .page(Method::GET, "/office/rosters", sees, &[8], list)
        .upload("/office/rosters", enters, &[8], most, enter)
        .page(Method::GET, "/office/rosters/template", enters, &[8], template)
        .page(Method::GET, "/office/rosters/{id}", sees, &[8, 25], look)
        .page(Method::GET, "/office/rosters/{id}/progress", sees, &[8], progress)
        .page(Method::GET, "/office/rosters/{id}/bad", enters, &[8, 19], bad)
        .upload("/office/rosters/{id}/correct", enters, &[8], most, correct)
        .page(Method::POST, "/office/rosters/{id}/act", acts, &[8, 25], act)
        .nav(SEES, "/office/rosters", Text::new("发放名册", "Rosters"), Some('o'))
        .work(
            OFFICERS,
            "/office/rosters",
            Text::new("发放名册审核", "Rosters to look at"),
            service::count_waiting,
        )
}

#[derive(Template)]
#[template(path = "rosters.html")]
struct ListPage {
    p: Page,
    rosters: Vec<(Roster, String)>,
    programmes: Vec<Programme>,
    enters: bool,
    fields: Fields,
    problem: Option<Problem>,
}

impl ListPage {
    fn error(&self, field: &str) -> String {
        let faults = self.problem.iter().flat_map(|problem| &problem.fields);
        let mine = faults.filter(|fault| fault.field == field);
        mine.map(|fault| self.p.text(&fault.text)).collect::<Vec<_>>().join("；")
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Fields {
    programme: String,
    period: String,
    division: String,
    lines: String,
    total: String,
    repeat: String,
}

async fn list_page(
    app: &App,
    actor: &Actor,
    p: Page,
    (fields, problem): (Fields, Option<Problem>),
) -> Result<Response, Problem> {
    let reader = actor.clone();
    let (rosters, programmes) = app
        .db
        .read(move |tx| {
            let org = if service::sees_all(tx, &reader)? { None } else { reader.org };
            let programmes = programmes::all(tx)?;
            let name = |id: Id| {
                let found = programmes.iter().find(|one| one.id == id);
                found.map(|one| one.current.body.name_zh.clone()).unwrap_or_default()
            };
            let rosters = store::newest(tx, org, 200)?;
            let rosters = rosters.into_iter().map(|one| {
                let n = name(one.programme);
                (one, n)
            });
            let rosters: Vec<_> = rosters.collect();
            Ok::<_, Problem>((rosters, programmes))
        })
        .await?;
    let open = programmes.into_iter().filter(|one| one.state == "open").collect();
    let enters = ENTERS.contains(&actor.role);
    render(&ListPage { p, rosters, programmes: open, enters, fields, problem })
}

async fn list(Shared(app): Shared<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    list_page(&app, &actor, p, (Fields::default(), None)).await
}

fn declared(lines: &str, total: &str) -> Result<(i64, i64), Problem> {
    let count = || Text::new("请填写申报人数", "Give the number of lines");
    let money = || Text::new("请填写申报总额（元）", "Give the total in yuan");
    let lines = lines.trim().parse().map_err(|_| Problem::field("lines", count()))?;
    let fen = parse_decimal(total, 2).ok_or_else(|| Problem::field("total", money()))?;
    Ok((lines, fen))
}

async fn enter(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    sent: Upload<Fields>,
) -> Result<Response, Problem> {
    let fields = sent.form.clone();
    let entered = match declared(&fields.lines, &fields.total) {
        Ok(figures) => start(&app, &actor, &fields, figures, sent).await,
        Err(problem) => Err(problem),
    };
    match entered {
        Ok(id) => {
            work::nudge(&app);
            Ok(Redirect::to(&format!("/office/rosters/{id}")).into_response())
        }
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = list_page(&app, &actor, p, (fields, Some(problem))).await?;
            Ok((status, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

fn content(sent: Upload<Fields>) -> Option<Box<dyn std::io::Read + Send>> {
    let file = sent.files.into_iter().find(|file| file.field == "file")?;
    Some(Box::new(std::io::Cursor::new(file.bytes)))
}

async fn start(
    app: &App,
    actor: &Actor,
    fields: &Fields,
    (lines, fen): (i64, i64),
    sent: Upload<Fields>,
) -> Result<Id, Problem> {
    let declared = Declared {
        programme: fields.programme.trim().to_owned(),
        period: fields.period.trim().to_owned(),
        division: fields.division.trim().to_owned(),
        lines,
        fen,
    };
    let source = match fields.repeat.trim() {
        "" => {
            sent.file("file")?;
            content(sent).map_or(Source::Lines, Source::File)
        }
        earlier => Source::Repeat(parse(earlier)?, content(sent)),
    };
    service::create(app, actor, declared, source).await
}

async fn template() -> Result<Response, Problem> {
    report::template()
}

fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

#[derive(Template)]
#[template(path = "roster.html")]
struct RosterPage {
    p: Page,
    roster: Roster,
    programme: Programme,
    task: Option<Task>,
    events: Vec<Event>,
    bad: Vec<Shown>,
    warned: Vec<Shown>,
    objections: Vec<Objection>,
    own: bool,
    department: bool,
    finance: bool,
    stops: bool,
}

impl RosterPage {
    fn is(&self, state: &str) -> bool {
        self.roster.state.code() == state
    }

    fn working(&self) -> bool {
        let task = self.task.as_ref();
        task.is_some_and(|task| !["done", "failed", "taking"].contains(&task.phase.as_str()))
    }

    fn fault(&self) -> &str {
        self.task.as_ref().map_or("", |task| &task.fault)
    }

    fn agrees(&self) -> bool {
        let one = &self.roster;
        (one.declared_lines, one.declared_fen) == (one.entered_lines, one.entered_fen)
    }

    fn two(&self) -> bool {
        rules::needs_two(self.roster.fen, self.programme.current.body.two_above_fen)
    }

    fn until(&self) -> String {
        self.roster.notice_until.map(Utc::local).unwrap_or_default()
    }

    /// What the step is: done, now, failed, or to come.
    fn step(&self, number: usize) -> &'static str {
        let submitted = self.roster.submitted_at.is_some();
        let of = |state| match state {
            State::Entered => 1,
            State::Checked if !submitted => 1,
            State::Checked => 2,
            State::Reviewed => 3,
            State::Noticed => 4,
            State::Approved | State::Released => 6,
            State::Stopped | State::Withdrawn => 0,
        };
        let stopped = State::from_code(&self.roster.stopped_from).map_or(1, of);
        let failed = matches!(self.roster.state, State::Stopped | State::Withdrawn);
        let now = if failed { stopped } else { of(self.roster.state) };
        match number.cmp(&now) {
            std::cmp::Ordering::Less => "step-done",
            std::cmp::Ordering::Equal if failed => "step-failed",
            std::cmp::Ordering::Equal => "step-now",
            std::cmp::Ordering::Greater => "",
        }
    }

    fn name_of<'a>(&self, line: &'a Shown) -> &'a str {
        line.written.as_ref().map_or(&line.name, |written| &written.name)
    }
}

async fn look(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (id, shared) = (parse(&id)?, app.clone());
    let entry = Entry::new(app.id(), Utc::now(), &actor, "roster.read", "Art. 19")
        .on("roster", id)
        .why("办理发放名册 / working on a roster", &["name"]);
    let page = app
        .db
        .write(move |tx| {
            let (roster, programme) = service::visible(tx, &actor, id)?;
            let shown = |tx: &mut _, which| lines::page(tx, &shared.keys, id, which, (0, 100));
            journal::record(tx, &entry)?;
            let officer = rules::is_officer(&actor);
            let department = officer && actor.org == Some(programme.current.department);
            Ok::<_, Problem>(RosterPage {
                p: p.clone(),
                task: store::task_of(tx, id)?,
                events: store::events(tx, id)?,
                bad: shown(tx, Which::Bad)?,
                warned: shown(tx, Which::Warned)?,
                objections: steps::objections(tx, &shared, id)?,
                own: actor.org == Some(roster.org) && ENTERS.contains(&actor.role),
                department,
                finance: service::is_finance(tx, &actor)?,
                stops: ACTS.contains(&actor.role),
                roster,
                programme,
            })
        })
        .await?;
    render(&page)
}

/// For `.progress[data-progress-url]`.
#[derive(Serialize)]
struct Progress {
    done: i64,
    total: i64,
    text: String,
    finished: bool,
}

async fn progress(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let task = app
        .db
        .read(move |tx| {
            service::visible(tx, &actor, id)?;
            store::task_of(tx, id)?.ok_or_else(Problem::not_found)
        })
        .await?;
    let finished = ["done", "failed"].contains(&task.phase.as_str());
    let total = if task.phase == "checking" { task.total.max(1) } else { task.done.max(1) };
    let text = progress_text(&p, &task);
    Ok(Json(Progress { done: task.done, total, text, finished }).into_response())
}

fn progress_text(p: &Page, task: &Task) -> String {
    let (done, total) = (task.done, task.total);
    let (zh, en) = match task.phase.as_str() {
        "checking" => {
            (format!("已查重 {done} / {total} 行"), format!("{done} of {total} lines checked"))
        }
        "done" => ("核对完成".to_owned(), "Checked".to_owned()),
        "failed" => ("核对未能完成".to_owned(), "The check broke off".to_owned()),
        _ => (format!("已读取 {done} 行"), format!("{done} lines read")),
    };
    p.t(&zh, &en).to_owned()
}

async fn bad(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (id, reader) = (parse(&id)?, actor.clone());
    app.db.read(move |tx| service::visible(tx, &reader, id).map(drop)).await?;
    report::bad_lines(&app, &actor, id, p.lang).await
}

async fn correct(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
    sent: Upload<Fields>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let (lines, total) = (sent.form.lines.trim(), sent.form.total.trim());
    let figures = match lines.is_empty() && total.is_empty() {
        true => None,
        false => Some(declared(lines, total)?),
    };
    service::correct(&app, &actor, id, figures, content(sent)).await?;
    work::nudge(&app);
    Ok(Redirect::to(&format!("/office/rosters/{id}")).into_response())
}

#[derive(Deserialize)]
struct Act {
    act: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    objection: String,
}

async fn act(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Act>,
) -> Result<Response, Problem> {
    let (id, comment) = (parse(&id)?, form.comment.as_str());
    match form.act.as_str() {
        "submit" => service::submit(&app, &actor, id).await?,
        "withdraw" => service::withdraw(&app, &actor, id, comment).await?,
        "review" => steps::review(&app, &actor, id, true, comment).await?,
        "review-no" => steps::review(&app, &actor, id, false, comment).await?,
        "approve" => {
            steps::approve(&app, &actor, id, true, comment).await.map(drop)?;
        }
        "approve-no" => {
            steps::approve(&app, &actor, id, false, comment).await.map(drop)?;
        }
        "stop" => steps::stop(&app, &actor, id, true, comment).await?,
        "resume" => steps::stop(&app, &actor, id, false, comment).await?,
        "uphold" | "dismiss" => {
            let objection = parse(&form.objection)?;
            let upheld = form.act == "uphold";
            steps::decide_objection(&app, &actor, id, objection, upheld, comment).await?;
        }
        _ => return Err(Problem::not_found()),
    }
    Ok(Redirect::to(&format!("/office/rosters/{id}")).into_response())
}
