//! The office: list, new cases, the file with its steps, protection of reporters.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::divisions::Division;
use kernel::http::{Form, Page, Path, Query, Upload, render};
use kernel::id::Id;
use kernel::org::Org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::{districts, division, fault, id_of, with_status};
use crate::cases::api::{HANDLERS, hand_over};
use crate::cases::rules::{Act, CLAUSES, Hand, Kind, Origin, Party, Source, State as CaseState};
use crate::cases::service::{self, File, Sent, Telling};
use crate::cases::store::{self, Filter, Line};

const SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "office_cases.html")]
struct ListPage {
    p: Page,
    filter: Filter,
    counts: Vec<(CaseState, i64)>,
    lines: Vec<Line>,
    districts: Vec<&'static Division>,
    next: Option<Id>,
    today: time::Date,
    handles: bool,
    /// He may give cases to other handlers.
    assigns: bool,
}

impl ListPage {
    fn hands_over(&self, line: &Line) -> bool {
        self.assigns
            && crate::cases::rules::follow(line.state, Act::HandOver, &Default::default()).is_ok()
    }

    fn query(&self) -> String {
        let Filter { state, clause, source, division, mine } = &self.filter;
        let plain = |text: &String| -> String {
            text.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect()
        };
        let [state, clause, source, division, mine] =
            [state, clause, source, division, mine].map(plain);
        format!("state={state}&clause={clause}&source={source}&division={division}&mine={mine}")
    }

    fn late(&self, line: &Line) -> bool {
        line.due.is_some_and(|due| due < self.today)
            && !line.state.is_end()
            && line.state != CaseState::Decided
    }
}

#[derive(Deserialize)]
pub(super) struct Before {
    before: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(filter): Query<Filter>,
    Query(from): Query<Before>,
) -> Result<Response, Problem> {
    let filter = service::narrowed(&actor, filter);
    let before = from.before.and_then(|id| id.parse().ok()).unwrap_or(Id(i64::MAX));
    let lines = service::list(&app, &actor, filter.clone(), before, SHOWN).await?;
    let place = filter.division.clone();
    let all = app.db.read(move |tx| Ok::<_, Problem>(store::counts(tx, &place)?)).await?;
    let sum = |state: CaseState| {
        let of = all.iter().filter(|(_, code, _)| code == state.code());
        (state, of.map(|(.., count)| count).sum())
    };
    let counts = CaseState::ALL.into_iter().map(sum).collect();
    let next = (lines.len() == SHOWN as usize).then(|| lines.last().map(|line| line.id)).flatten();
    let (today, handles) = (Utc::now().day(), HANDLERS.contains(&actor.role));
    let (districts, assigns) = (districts(), Hand::Decide.roles().contains(&actor.role));
    render(&ListPage { p, filter, counts, lines, districts, next, today, handles, assigns })
}

#[derive(Template)]
#[template(path = "office_case_new.html")]
struct NewPage {
    p: Page,
    from: String,
    origin: Option<Origin>,
    form: Telling,
    districts: Vec<&'static Division>,
    problem: Option<Problem>,
}

impl NewPage {
    fn fault(&self, field: &str) -> Option<&str> {
        fault(&self.p, &self.problem, field)
    }
}

#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    from: String,
}

pub(super) async fn new(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(asked): Query<From>,
) -> Result<Response, Problem> {
    let origin = Origin::parse(&asked.from);
    let mut form = Telling { division: actor.division.clone(), ..Telling::default() };
    let refusal = origin.as_ref().filter(|origin| origin.source == Source::Refusal);
    if let Some(id) = refusal.and_then(|origin| origin.id.parse().ok()) {
        let told = app.db.read(move |tx| Ok::<_, Problem>(codes::refusals::one(tx, id)?)).await?;
        if let Some(told) = told {
            let first = told.kind == codes::refusals::Kind::Refused;
            form.clause = if first { "25.2" } else { "25.1" }.to_owned();
            form.words = format!("{} {}：{}", told.day, told.place, told.reason);
            if !told.division.is_empty() {
                form.division = told.division;
            }
        }
    }
    if let Some(origin) = &origin {
        fill(&app, &actor, origin, &mut form).await?;
    }
    let districts = districts();
    render(&NewPage { p, from: asked.from, origin, form, districts, problem: None })
}

/// What the reader may know of the thing already: a complaint that he handles, an entry of the journal that he
/// audits.
async fn fill(
    app: &App,
    actor: &Actor,
    origin: &Origin,
    form: &mut Telling,
) -> Result<(), Problem> {
    let Ok(id) = origin.id.parse::<Id>() else { return Ok(()) };
    match origin.source {
        Source::Complaint => {
            // Whoever may not see it writes for himself.
            if let Ok(seen) = care::complaints::service::look(app, actor, id).await {
                form.words = seen.matter.body;
                if kernel::divisions::find(&seen.matter.division).is_some() {
                    form.division = seen.matter.division;
                }
            }
        }
        Source::Audit if actor.role == Role::Auditor => {
            let read = move |tx: &mut kernel::db::Tx<'_>| {
                kernel::journal::newest(tx, Id(id.0.saturating_add(1)), 1)
            };
            let found = app.db.read(read).await?.into_iter().find(|entry| entry.id == id);
            if let Some(entry) = found {
                form.words = format!("{} {} {}：", entry.at, entry.act, entry.object);
            }
        }
        _ => {}
    }
    Ok(())
}

#[derive(Deserialize)]
pub(super) struct Entered {
    #[serde(default)]
    from: String,
    #[serde(flatten)]
    told: Telling,
}

pub(super) async fn enter(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(sent): Form<Entered>,
) -> Result<Response, Problem> {
    match service::from_office(&app, &actor, &sent.from, &sent.told).await {
        Ok(_) if actor.role == Role::Auditor => Ok(Redirect::to("/office/cases").into_response()),
        Ok(id) => Ok(Redirect::to(&format!("/office/cases/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let (origin, districts) = (Origin::parse(&sent.from), districts());
            let problem = Some(problem);
            let (from, form) = (sent.from, sent.told);
            with_status(render(&NewPage { p, from, origin, form, districts, problem }), Some(422))
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "office_case.html")]
struct FilePage {
    p: Page,
    file: File,
    orgs: Vec<Org>,
    problem: Option<Problem>,
    sent: Sent,
}

impl FilePage {
    fn can(&self, act: &str) -> bool {
        self.file.acts.iter().any(|one| one.code() == act)
    }

    fn fault(&self, field: &str) -> Option<&str> {
        fault(&self.p, &self.problem, field)
    }

    fn step_name(&self, code: &str) -> String {
        match (code, Act::from_code(code)) {
            (_, Some(act)) => self.p.text(&act.name()).to_owned(),
            ("report", _) => self.p.t("收到线索", "Reported").to_owned(),
            ("supplement", _) => self.p.t("举报人补充", "The reporter added").to_owned(),
            (other, None) => other.to_owned(),
        }
    }

    /// Acts that need a word only, or nothing.
    fn plain(&self) -> Vec<Act> {
        let own = [
            "join",
            "open",
            "evidence",
            "hand-over",
            "notify",
            "propose",
            "not-corrected",
            "finalise",
        ];
        self.file.acts.iter().copied().filter(|act| !own.contains(&act.code())).collect()
    }

    fn parties(&self) -> Vec<Party> {
        let of = self.file.clause.map(|clause| clause.parties());
        of.map_or_else(|| Party::ALL.to_vec(), |parties| parties.to_vec())
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    (sent, problem): (Sent, Option<Problem>),
) -> Result<Response, Problem> {
    let file = service::open(app, actor, id).await?;
    let orgs = app.db.read(|tx| Ok::<_, Problem>(kernel::org::all(tx)?)).await?;
    let status = problem.as_ref().map(|problem| problem.status);
    with_status(render(&FilePage { p, file, orgs, problem, sent }), status)
}

pub(super) async fn file(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&app, &actor, p, id_of(&id)?, (Sent::default(), None)).await
}

pub(super) async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    match service::act(&app, &actor, id, sent.clone()).await {
        Ok(state) if state.is_end() => Ok(Redirect::to("/office/cases").into_response()),
        Ok(_) => Ok(Redirect::to(&format!("/office/cases/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            show(&app, &actor, p, id, (sent, Some(problem))).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
pub(super) struct Titled {
    #[serde(default)]
    title: String,
}

pub(super) async fn add_evidence(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    upload: Upload<Titled>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let bytes = upload.file("file")?.bytes.clone();
    service::add_evidence(&app, &actor, id, &upload.form.title, bytes).await?;
    Ok(Redirect::to(&format!("/office/cases/{id}#evidence")).into_response())
}

pub(super) async fn evidence(
    State(app): State<App>,
    actor: Actor,
    Path((id, piece)): Path<(String, String)>,
) -> Result<Response, Problem> {
    hand_over(&app, &actor, &id, &piece).await
}

#[derive(Template)]
#[template(path = "office_reporter.html")]
struct ReporterPage {
    p: Page,
    id: String,
    shown: Option<(String, String)>,
}

pub(super) async fn reporter(p: Page, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = id_of(&id)?.to_string();
    render(&ReporterPage { p, id, shown: None })
}

#[derive(Deserialize)]
pub(super) struct Reason {
    #[serde(default)]
    reason: String,
}

pub(super) async fn reveal(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(sent): Form<Reason>,
) -> Result<Response, Problem> {
    let shown = service::reveal(&app, &actor, id_of(&id)?, &sent.reason).await?;
    render(&ReporterPage { p, id, shown: Some(shown) })
}

#[derive(Template)]
#[template(path = "office_protection.html")]
struct ProtectionPage {
    p: Page,
    named: Vec<(Id, String)>,
    others: Vec<(Id, String)>,
}

pub(super) async fn protection(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let [named, others] = service::officers(&app).await?;
    render(&ProtectionPage { p, named, others })
}

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    account: String,
    #[serde(default)]
    on: String,
}

pub(super) async fn name(
    State(app): State<App>,
    actor: Actor,
    Form(sent): Form<Named>,
) -> Result<Response, Problem> {
    service::name_officer(&app, &actor, id_of(&sent.account)?, sent.on == "1").await?;
    Ok(Redirect::to("/office/cases/protection").into_response())
}
