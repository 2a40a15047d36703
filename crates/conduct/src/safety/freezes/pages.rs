//! Pages of freezes: the holder's own, by phone, at the desk.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cards::service::hotline::{Caller, recognise};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use people::freezes::rules::surest_thaw;
use people::freezes::{Freeze, Reason, Source, Thaw};
use serde::Deserialize;

use super::service::{self, Wanted};
use crate::safety::id_of;

/// What a form of a freeze sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) scope: String,
    pub(super) item: String,
    pub(super) reason: String,
    pub(super) words: String,
    pub(super) evidence: String,
    number: String,
    name: String,
    phone: String,
}

impl Asked {
    pub(super) fn wanted(&self) -> Result<Wanted, Problem> {
        let scope = (self.scope.as_str(), self.item.as_str());
        Wanted::parse(scope, &self.reason, &self.words, &self.evidence)
    }
}

/// A page again with the problem on it; what is not the reader's to mend goes on as it is.
pub(super) fn again(page: Result<Response, Problem>, status: u16) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    Ok((status, page?).into_response())
}

pub(super) fn is_readers(problem: &Problem) -> bool {
    problem.status < 500 && problem.status != 404
}

#[derive(Template)]
#[template(path = "safety_me_freeze.html")]
struct OwnPage {
    p: Page,
    freezes: Vec<Freeze>,
    problem: Option<Problem>,
}

impl OwnPage {
    fn live(&self) -> impl Iterator<Item = &Freeze> {
        self.freezes.iter().filter(|one| one.in_force())
    }

    fn past(&self) -> impl Iterator<Item = &Freeze> {
        self.freezes.iter().filter(|one| !one.in_force())
    }

    fn thaws_himself(&self, freeze: &&Freeze) -> bool {
        freeze.source.thaw() == Thaw::Holder
    }

    fn way_out(&self) -> Option<Text> {
        surest_thaw(&self.freezes).map(Thaw::advice)
    }
}

async fn show_own(
    app: &App,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let freezes = service::of_person(app, actor, person).await?;
    let status = problem.as_ref().map(|problem| problem.status);
    let page = render(&OwnPage { p, freezes, problem });
    match status {
        Some(status) => again(page, status),
        None => page,
    }
}

pub(super) async fn own(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    show_own(&app, &actor, p, None).await
}

/// The second of two taps.
pub(super) async fn freeze_own(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let words = match asked.words.trim() {
        "" => "本人在线冻结".to_owned(),
        said => said.to_owned(),
    };
    let done = match (Asked { words, ..asked }).wanted() {
        Ok(wanted) => service::freeze(&app, &actor, Source::Holder, person, wanted).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(_) => Ok(Redirect::to("/me/freeze").into_response()),
        Err(problem) if is_readers(&problem) => show_own(&app, &actor, p, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

pub(super) async fn send_code(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(_): Form<kernel::http::NoFields>,
) -> Result<Response, Problem> {
    match super::send_code(&app, &actor).await {
        Ok(()) => {
            let sent =
                Text::new("验证码已发送到您的预留手机", "A code is on its way to your phone");
            show_own(&app, &actor, p.with_flash("ok", sent), None).await
        }
        Err(problem) if is_readers(&problem) => show_own(&app, &actor, p, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
pub(super) struct OwnThaw {
    id: String,
    password: String,
    code: String,
}

pub(super) async fn thaw_own(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<OwnThaw>,
) -> Result<Response, Problem> {
    let id = id_of(&form.id)?;
    match super::thaw_own(&app, &actor, id, &form.password, &form.code).await {
        Ok(()) => Ok(Redirect::to("/me/freeze").into_response()),
        Err(problem) if is_readers(&problem) => show_own(&app, &actor, p, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "safety_hotline.html")]
struct HotlinePage {
    p: Page,
    asked: Asked,
    problem: Option<Problem>,
    done: bool,
}

pub(super) async fn hotline_form(p: Page) -> Result<Response, Problem> {
    render(&HotlinePage { p, asked: Asked::default(), problem: None, done: false })
}

/// Freezes for somebody on the phone who answered the three questions (as for a loss).
pub(super) async fn hotline(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    match freeze_caller(&app, &actor, &asked).await {
        Ok(_) => render(&HotlinePage { p, asked: Asked::default(), problem: None, done: true }),
        Err(problem) if is_readers(&problem) => {
            let status = problem.status;
            again(render(&HotlinePage { p, asked, problem: Some(problem), done: false }), status)
        }
        Err(problem) => Err(problem),
    }
}

pub(super) async fn freeze_caller(
    app: &App,
    agent: &Actor,
    asked: &Asked,
) -> Result<Freeze, Problem> {
    let wanted = asked.wanted()?;
    let said = (asked.number.clone(), asked.name.clone(), asked.phone.clone());
    let caller = Caller { number: said.0, name: said.1, phone: said.2 };
    let person = recognise(app, &caller).await?;
    service::freeze(app, agent, Source::Hotline, person.id, wanted).await
}

#[derive(Template)]
#[template(path = "safety_desk.html")]
struct DeskPage {
    p: Page,
    person: Id,
    freezes: Vec<Freeze>,
    asked: Asked,
    problem: Option<Problem>,
}

impl DeskPage {
    fn at_counter(&self, freeze: &Freeze) -> bool {
        freeze.may_thaw(Thaw::Counter).is_ok()
    }
}

async fn show_desk(
    app: &App,
    (actor, person): (&Actor, Id),
    p: Page,
    asked: Asked,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let freezes = service::of_person(app, actor, person).await?;
    let status = problem.as_ref().map(|problem| problem.status);
    let page = render(&DeskPage { p, person, freezes, asked, problem });
    match status {
        Some(status) => again(page, status),
        None => page,
    }
}

pub(super) async fn desk(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(person): Path<String>,
) -> Result<Response, Problem> {
    show_desk(&app, (&actor, id_of(&person)?), p, Asked::default(), None).await
}

pub(super) async fn desk_freeze(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(person): Path<String>,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let person = id_of(&person)?;
    let done = match asked.wanted() {
        Ok(wanted) => service::freeze(&app, &actor, Source::Clerk, person, wanted).await,
        Err(problem) => Err(problem),
    };
    after_desk(&app, (&actor, person), p, asked, done.map(drop)).await
}

#[derive(Deserialize)]
pub(super) struct DeskThaw {
    id: String,
    #[serde(default)]
    proof: String,
}

pub(super) async fn desk_thaw(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(person): Path<String>,
    Form(form): Form<DeskThaw>,
) -> Result<Response, Problem> {
    let (person, id) = (id_of(&person)?, id_of(&form.id)?);
    let done = super::thaw_at_desk(&app, &actor, person, id, &form.proof).await;
    after_desk(&app, (&actor, person), p, Asked::default(), done).await
}

async fn after_desk(
    app: &App,
    (actor, person): (&Actor, Id),
    p: Page,
    asked: Asked,
    done: Result<(), Problem>,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/desk/people/{person}/freezes")).into_response()),
        Err(problem) if is_readers(&problem) => {
            show_desk(app, (actor, person), p, asked, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}
