//! Pages of a person's rights: the holder's own, the clerk's for somebody else, the officer's queue.

use askama::Template;
use axum::extract::{Extension, State as AppState};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use codes::store::Use;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, NoFields, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;
use time::Date;

use super::api::{OFFICERS, step};
use super::rules::{HOLDINGS, Holding, Kind};
use super::service::{self, Asking, Behalf, Section};
use super::store::{self, Request};
use super::{paper, pdf};

const HOLDER: Access = Access::Roles(&[Role::Holder]);
const OFFICER: Access = Access::Roles(OFFICERS);
const DESK: Access = Access::Roles(&[Role::Clerk, Role::OutletManager]);

/// What other capabilities add to the copy.
#[derive(Clone, Copy)]
struct Sections(&'static [Section]);

pub(super) fn routes(sections: &'static [Section]) -> Routes {
    Routes::new("sharing")
        .page(Method::GET, "/me/rights", HOLDER, &[18, 19], own)
        .page(Method::POST, "/me/rights", HOLDER, &[18, 19], ask)
        .page(Method::POST, "/me/rights/copy", HOLDER, &[18, 19], copy)
        .page(Method::POST, "/me/rights/digest", HOLDER, &[18, 19], digest)
        .page(Method::POST, "/me/rights/{id}/withdraw", HOLDER, &[19], withdraw)
        .page(Method::GET, "/desk/people/{person}/rights", DESK, &[19], desk)
        .page(Method::POST, "/desk/people/{person}/rights", DESK, &[19], desk_ask)
        .page(Method::GET, "/office/rights", OFFICER, &[19], office)
        .page(Method::POST, "/office/rights/{id}", OFFICER, &[19], answer)
        .page(Method::POST, "/office/rights/{id}/copy", OFFICER, &[19], copy_for)
        .share(Sections(sections))
        .more("/me/rights", Text::new("我的个人信息权利", "My data, my rights"))
        .nav(OFFICERS, "/office/rights", Text::new("个人信息权利", "Rights requests"), None)
        .work(
            OFFICERS,
            "/office/rights",
            Text::new("个人信息权利申请", "Rights requests"),
            |tx, _, now| store::count_open(tx, now),
        )
}

fn with_status(page: Response, problem: Option<&Problem>) -> Response {
    let status = problem.map_or(200, |problem| problem.status);
    (StatusCode::from_u16(status).unwrap_or_default(), page).into_response()
}

#[derive(Template)]
#[template(path = "rights.html")]
struct OwnPage {
    p: Page,
    requests: Vec<Request>,
    refused: Vec<Use>,
    digest: bool,
    problem: Option<Problem>,
}

impl OwnPage {
    fn why(&self, used: &Use) -> String {
        use kernel::law::Refusal as _;
        let known = codes::rules::Refused::ALL.into_iter().find(|one| one.code() == used.result);
        let Some(refused) = known else { return used.result.clone() };
        let article = refused.article().map(|article| self.p.article(&article));
        let reason = self.p.text(&refused.reason()).to_owned();
        let advice = self.p.text(&refused.advice()).to_owned();
        let basis = article.map_or_else(String::new, |article| format!(" ({article})"));
        format!("{reason}{basis} {advice}")
    }
}

async fn own_page(
    app: &App,
    p: Page,
    actor: &Actor,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let (requests, mut refused, digest) = app
        .db
        .read(move |tx| {
            let uses = codes::store::uses_of(tx, person, Id(i64::MAX), 200)?;
            Ok::<_, Problem>((store::of(tx, person)?, uses, store::wants_digest(tx, person)?))
        })
        .await?;
    refused.retain(|used| used.result != "ok");
    refused.truncate(20);
    let page = OwnPage { p, requests, refused, digest, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn own(AppState(app): AppState<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    own_page(&app, p, &actor, None).await
}

#[derive(Deserialize)]
struct AskForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    words: String,
}

async fn owned(
    app: &App,
    p: Page,
    actor: &Actor,
    result: Result<(), Problem>,
) -> Result<Response, Problem> {
    match result {
        Ok(()) => Ok(Redirect::to("/me/rights#requests").into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            own_page(app, p, actor, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

async fn ask(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<AskForm>,
) -> Result<Response, Problem> {
    let AskForm { kind, about, words } = form;
    let result = service::ask(&app, &actor, &Asking { kind, about, words }).await.map(drop);
    owned(&app, p, &actor, result).await
}

#[derive(Deserialize)]
struct CopyForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    form: String,
}

#[derive(Template)]
#[template(path = "rights_copy.html")]
struct CopyPage {
    p: Page,
    lines: Vec<paper::Line>,
}

async fn copy(
    AppState(app): AppState<App>,
    Extension(Sections(sections)): Extension<Sections>,
    actor: Actor,
    p: Page,
    Form(form): Form<CopyForm>,
) -> Result<Response, Problem> {
    let copy = match service::copy(&app, &actor, &form.password, sections).await {
        Ok(copy) => copy,
        Err(problem) if problem.status < 500 => {
            return own_page(&app, p, &actor, Some(problem)).await;
        }
        Err(problem) => return Err(problem),
    };
    let pretty =
        |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap_or_default();
    match form.form.as_str() {
        "print" => {
            let lines = paper::lines(&copy, p.lang);
            return render(&CopyPage { p, lines });
        }
        "pdf" => return Ok(as_pdf(&p, &copy)),
        _ => {}
    }
    let kind = (header::CONTENT_TYPE, "application/json; charset=utf-8");
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"yikatong-my-data.json\"");
    Ok(([kind, name], pretty(&copy)).into_response())
}

fn as_pdf(p: &Page, copy: &serde_json::Value) -> Response {
    let title = p.t("个人信息副本（社会保障卡一卡通）", "A copy of personal data at One Card");
    let file = pdf::pdf(title, &paper::lines(copy, p.lang));
    let kind = (header::CONTENT_TYPE, "application/pdf");
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"yikatong-data.pdf\"");
    ([kind, name, (header::CACHE_CONTROL, "no-store")], file).into_response()
}

/// The copy for a guardian, an agent or a relative, to be handed over.
async fn copy_for(
    AppState(app): AppState<App>,
    Extension(Sections(sections)): Extension<Sections>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(as_pdf(&p, &service::copy_for(&app, &actor, id, sections).await?))
}

#[derive(Deserialize)]
struct DigestForm {
    #[serde(default)]
    on: String,
}

async fn digest(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<DigestForm>,
) -> Result<Response, Problem> {
    let result = service::set_digest(&app, &actor, form.on == "1").await;
    owned(&app, p, &actor, result).await
}

async fn withdraw(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let result = service::withdraw(&app, &actor, id).await;
    owned(&app, p, &actor, result).await
}

#[derive(Template)]
#[template(path = "rights_desk.html")]
struct DeskPage {
    p: Page,
    person: Id,
    name: String,
    deceased: bool,
    requests: Vec<Request>,
    problem: Option<Problem>,
}

async fn desk_page(
    app: &App,
    p: Page,
    actor: &Actor,
    person: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let entry = kernel::journal::Entry::new(app.id(), Utc::now(), actor, "person.read", "Art. 19");
    let (found, requests) = app
        .db
        .write(move |tx| {
            let purpose = "代为提出个人信息权利要求 / rights for somebody else";
            let found = people::service::read(tx, entry.clone(), person, purpose)?;
            let requests = store::of(tx, found.id)?;
            Ok::<_, Problem>((found, requests))
        })
        .await?;
    let deceased = found.deceased_on.is_some();
    let page = DeskPage { p, person: found.id, name: found.name, deceased, requests, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn desk(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(person): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    let person = person.parse().map_err(|_| Problem::not_found())?;
    desk_page(&app, p, &actor, person, None).await
}

#[derive(Deserialize)]
struct DeskForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    relation: String,
    #[serde(default)]
    proof: String,
}

async fn desk_ask(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(person): Path<String>,
    p: Page,
    Form(form): Form<DeskForm>,
) -> Result<Response, Problem> {
    let person: Id = person.parse().map_err(|_| Problem::not_found())?;
    let DeskForm { kind, about, words, number, relation, proof } = form;
    let (asking, behalf) = (Asking { kind, about, words }, Behalf { number, relation, proof });
    match service::ask_for(&app, &actor, person, &asking, &behalf).await {
        Ok(_) => Ok(Redirect::to(&format!("/desk/people/{person}/rights")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            desk_page(&app, p, &actor, person, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "rights_office.html")]
struct OfficePage {
    p: Page,
    requests: Vec<Request>,
    today: Date,
    problem: Option<Problem>,
}

async fn office_page(app: &App, p: Page, problem: Option<Problem>) -> Result<Response, Problem> {
    let requests = app.db.read(store::open).await?;
    let page = OfficePage { p, requests, today: Utc::now().day(), problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn office(AppState(app): AppState<App>, p: Page) -> Result<Response, Problem> {
    office_page(&app, p, None).await
}

#[derive(Deserialize)]
struct AnswerForm {
    step: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    ground: String,
}

async fn answer(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<AnswerForm>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let result = match step(&form.step, form.words, form.ground) {
        Ok(step) => service::answer(&app, &actor, id, step).await,
        Err(problem) => Err(problem),
    };
    match result {
        Ok(()) => Ok(Redirect::to("/office/rights").into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            office_page(&app, p, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

/// Holdings that may be deleted, for the form.
fn deletable() -> impl Iterator<Item = &'static Holding> {
    HOLDINGS.iter().filter(|one| one.deletable)
}
