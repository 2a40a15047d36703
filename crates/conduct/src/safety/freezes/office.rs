//! Pages of officers: freezes in force, the second look, thaws, mass freezes.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::approval::Approval;
use kernel::http::{Form, Page, Path, Query, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::freezes::{Freeze, Reason, Source, store};
use people::number::{PersonNumber, Strictness};
use serde::Deserialize;

use super::mass::{self, By, Mass};
use super::pages::{Asked, again, is_readers};
use super::service;
use crate::safety::id_of;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    view: String,
    person: String,
    alert: String,
}

#[derive(Template)]
#[template(path = "safety_office.html")]
struct ListPage {
    p: Page,
    filter: Filter,
    freezes: Vec<Freeze>,
    counts: Vec<(Source, i64)>,
    thaws: Vec<(Approval, Freeze)>,
    actor: Actor,
    now: Utc,
    number: String,
    asked: Asked,
    problem: Option<Problem>,
}

impl ListPage {
    fn total(&self) -> i64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    fn overdue(&self) -> usize {
        self.freezes.iter().filter(|one| one.is_overdue(self.now)).count()
    }
}

async fn show_list(
    app: &App,
    actor: Actor,
    p: Page,
    (filter, number, asked): (Filter, String, Asked),
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (all, who) = (filter.view == "all", actor.clone());
    let read = app.db.read(move |tx| {
        let mut freezes = store::in_force(tx, !all, 200)?;
        freezes.retain(|one| service::may_see(&who, one));
        Ok::<_, kernel::db::DbError>((freezes, store::counts(tx)?))
    });
    let (freezes, counts) = read.await?;
    let thaws = super::waiting_thaws(app, &actor).await?;
    let status = problem.as_ref().map(|problem| problem.status);
    let now = Utc::now();
    let page = ListPage { p, filter, freezes, counts, thaws, actor, now, number, asked, problem };
    match status {
        Some(status) => again(render(&page), status),
        None => render(&page),
    }
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    show_list(&app, actor, p, (filter, String::new(), Asked::default()), None).await
}

#[derive(Deserialize)]
pub(super) struct OfficerForm {
    #[serde(default)]
    number: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    alert: String,
    #[serde(flatten)]
    asked: Asked,
}

/// An officer freezes one person: by number, or from an alert.
pub(super) async fn freeze(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<OfficerForm>,
) -> Result<Response, Problem> {
    match freeze_one(&app, &actor, &form).await {
        Ok(made) => Ok(Redirect::to(&format!("/office/freezes/{}", made.id)).into_response()),
        Err(problem) if is_readers(&problem) => {
            let (person, alert) = (form.person, form.alert);
            let filter = Filter { view: String::new(), person, alert };
            show_list(&app, actor, p, (filter, form.number, form.asked), Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

async fn freeze_one(app: &App, actor: &Actor, form: &OfficerForm) -> Result<Freeze, Problem> {
    let mut wanted = form.asked.wanted()?;
    wanted.alert = form.alert.parse().ok();
    let person = match form.person.parse::<Id>() {
        Ok(person) => person,
        Err(_) => by_number(app, &form.number).await?,
    };
    service::freeze(app, actor, Source::Officer, person, wanted).await
}

async fn by_number(app: &App, number: &str) -> Result<Id, Problem> {
    let parsed = PersonNumber::parse(number, Utc::now().day(), Strictness::WithEvidence);
    let number = parsed.map_err(|e| Problem::field("number", Text::new(e.zh(), e.en())))?.number;
    let found = app.db.read(move |tx| people::store::by_number(tx, &number)).await?;
    let unknown = || Problem::field("number", Text::new("没有这个号码", "Nobody has this number"));
    found.map(|person| person.id).ok_or_else(unknown)
}

#[derive(Template)]
#[template(path = "safety_freeze.html")]
struct OnePage {
    p: Page,
    freeze: Freeze,
    name: String,
    number: String,
    actor: Actor,
    now: Utc,
}

pub(super) async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (freeze, name, number) = service::one(&app, &actor, id_of(&id)?).await?;
    render(&OnePage { p, freeze, name, number, actor, now: Utc::now() })
}

#[derive(Deserialize)]
pub(super) struct Look {
    #[serde(default)]
    decision: String,
    #[serde(default)]
    note: String,
}

fn yes_or_no(text: &str) -> Result<bool, Problem> {
    let wrong = || Problem::field("decision", Text::new("请选择", "Choose one"));
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(wrong()),
    }
}

pub(super) async fn look(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Look>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    service::look(&app, &actor, id, yes_or_no(&form.decision)?, &form.note).await?;
    Ok(Redirect::to(&format!("/office/freezes/{id}")).into_response())
}

#[derive(Deserialize)]
pub(super) struct Proof {
    #[serde(default)]
    proof: String,
}

pub(super) async fn ask_thaw(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Proof>,
) -> Result<Response, Problem> {
    super::ask_thaw(&app, &actor, id_of(&id)?, &form.proof).await?;
    Ok(Redirect::to("/office/freezes").into_response())
}

#[derive(Deserialize)]
pub(super) struct Decision {
    #[serde(default)]
    approval: String,
    #[serde(default)]
    decision: String,
}

pub(super) async fn decide_thaw(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let yes = yes_or_no(&form.decision)?;
    super::decide_thaw(&app, &actor, id_of(&form.approval)?, yes).await?;
    Ok(Redirect::to("/office/freezes").into_response())
}

#[derive(Template)]
#[template(path = "safety_masses.html")]
struct MassesPage {
    p: Page,
    masses: Vec<Mass>,
    form: MassForm,
    problem: Option<Problem>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct MassForm {
    #[serde(default)]
    by: String,
    #[serde(default)]
    value: String,
    #[serde(flatten)]
    asked: Asked,
}

/// State of a mass freeze in a word, with its badge.
fn state(p: &Page, mass: &Mass) -> (&'static str, &'static str) {
    let (badge, zh, en) = match mass.state.as_str() {
        "proposed" => ("warn", "待决定", "Waits"),
        "rejected" => ("info", "已退回", "Sent back"),
        "freezing" => ("info", "冻结中", "Freezing"),
        "frozen" => ("bad", "已冻结", "Frozen"),
        "thaw-asked" => ("warn", "待解冻", "Thaw waits"),
        "thawing" => ("info", "解冻中", "Thawing"),
        _ => ("ok", "已解冻", "Thawed"),
    };
    (badge, p.lang.pick(zh, en))
}

pub(super) async fn mass_list(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let masses = mass::list(&app).await?;
    render(&MassesPage { p, masses, form: MassForm::default(), problem: None })
}

pub(super) async fn propose(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<MassForm>,
) -> Result<Response, Problem> {
    let by = By::from_code(&form.by).ok_or(mass::Refused::BadQuestion);
    let asked = form.asked.wanted().and_then(|wanted| Ok((by?, wanted)));
    let made = match asked {
        Ok((by, wanted)) => mass::propose(&app, &actor, by, &form.value, wanted).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => Ok(Redirect::to(&format!("/office/mass-freezes/{}", made.id)).into_response()),
        Err(problem) if is_readers(&problem) => {
            let (masses, status) = (mass::list(&app).await?, problem.status);
            again(render(&MassesPage { p, masses, form, problem: Some(problem) }), status)
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "safety_mass.html")]
struct MassPage {
    p: Page,
    mass: Mass,
    actor: Actor,
}

impl MassPage {
    fn may(&self, code: &str) -> bool {
        let act = mass::Act::from_code(code);
        act.is_some_and(|act| mass::after(&self.mass, act, self.actor.account).is_ok())
    }

    fn at_work(&self) -> bool {
        matches!(self.mass.state.as_str(), "freezing" | "thawing")
    }
}

pub(super) async fn mass_one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mass = mass::one(&app, id_of(&id)?).await?;
    render(&MassPage { p, mass, actor })
}

#[derive(Deserialize)]
pub(super) struct MassStep {
    #[serde(default)]
    act: String,
    #[serde(default)]
    proof: String,
}

pub(super) async fn mass_act(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<MassStep>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let act = mass::Act::from_code(&form.act).ok_or_else(Problem::not_found)?;
    mass::act(&app, &actor, id, act, &form.proof).await?;
    Ok(Redirect::to(&format!("/office/mass-freezes/{id}")).into_response())
}

/// For the bar of the page.
pub(super) async fn progress(
    State(app): State<App>,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mass = mass::one(&app, id_of(&id)?).await?;
    let finished = !matches!(mass.state.as_str(), "freezing" | "thawing");
    let text = format!("{} {} / {}", p.t("已处理", "Done"), mass.done, mass.total);
    let body = serde_json::json!({
        "done": mass.done, "total": mass.total, "text": text, "finished": finished,
    });
    Ok(axum::Json(body).into_response())
}
