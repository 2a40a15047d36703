//! Finished cards on the shelf and with the post; spoiled cards and the audit of numbers.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::http::{Form, NoFields, Page, Path, Query, Upload, render};
use kernel::id::Id;
use kernel::journal::Entry;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::document::DocumentKind;
use people::rules::Person;
use serde::Deserialize;

use super::{Done, attachment, parse};
use crate::production::service::delivery::{self as service, HandOver, Shelf};
use crate::production::service::progress::{ProgressStep, progress};
use crate::production::service::spoiled as spoiled_service;
use crate::production::store::delivery::{self as store, Delivery};
use crate::production::store::files::Spoiled;
use crate::production::store::numbers::{self, Audit};

#[derive(Template)]
#[template(path = "production_shelf.html")]
struct ShelfPage {
    p: Page,
    tab: &'static str,
    desk: bool,
    shelf: Shelf,
    problem: Option<Problem>,
}

async fn page(
    app: &App,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<ShelfPage, Problem> {
    let outlet = actor.org.ok_or_else(Problem::forbidden)?;
    let shelf = service::shelf(app, outlet).await?;
    Ok(ShelfPage { p, tab: "shelf", desk: true, shelf, problem })
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let moved: Option<usize> = done.done.parse().ok();
    let p = match moved {
        Some(moved) => p.with_flash(
            "ok",
            Text::new(format!("已更新 {moved} 件邮件"), format!("{moved} letters moved")),
        ),
        None => p,
    };
    render(&page(&app, &actor, p, None).await?)
}

pub(super) async fn post_list(State(app): State<App>, actor: Actor) -> Result<Response, Problem> {
    let text = service::post_list(&app, &actor).await?;
    Ok(attachment("post.txt", text.into_bytes()))
}

pub(super) async fn post_file(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    form: Upload<NoFields>,
) -> Result<Response, Problem> {
    let taken = match form.file("file") {
        Ok(file) => service::take_post(&app, &actor, file.bytes.clone()).await,
        Err(problem) => Err(problem),
    };
    match taken {
        Ok(moved) => {
            Ok(Redirect::to(&format!("/desk/production/shelf?done={moved}")).into_response())
        }
        Err(problem) if problem.status == 422 => {
            let page = page(&app, &actor, p, Some(problem)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "production_hand_over.html")]
struct HandOverPage {
    p: Page,
    tab: &'static str,
    desk: bool,
    person: Person,
    delivery: Option<Delivery>,
    produced: bool,
    card_no: String,
    steps: Vec<ProgressStep>,
    documents: [DocumentKind; 5],
    problem: Option<Problem>,
}

async fn hand_over_page(
    app: &App,
    actor: &Actor,
    p: Page,
    person: Id,
    problem: Option<Problem>,
) -> Result<HandOverPage, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "person.read", "Art. 11");
    app.db
        .write(move |tx| {
            let person = people::service::read(tx, entry.clone(), person, "发卡 / hand-over")?;
            let card = crate::store::in_the_making(tx, person.id)?;
            let delivery = match &card {
                Some(card) => store::of_card(tx, person.id, card.id)?,
                None => None,
            };
            let produced =
                card.as_ref().is_some_and(|card| card.stage == crate::rules::Stage::Produced);
            Ok(HandOverPage {
                p: p.clone(),
                tab: "shelf",
                desk: true,
                steps: progress(tx, person.id)?,
                card_no: card.and_then(|card| card.card_no).unwrap_or_default(),
                person,
                delivery,
                produced,
                documents: DocumentKind::ALL,
                problem: problem.clone(),
            })
        })
        .await
}

pub(super) async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    render(&hand_over_page(&app, &actor, p, parse(&id)?, None).await?)
}

#[derive(Deserialize)]
pub(super) struct Act {
    act: String,
    #[serde(default)]
    receiver: String,
    #[serde(default)]
    document: String,
    #[serde(default)]
    agent_number: String,
    #[serde(default)]
    relation: String,
    #[serde(default)]
    address: String,
}

pub(super) async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Act>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let Act { act, receiver, document, agent_number, relation, address } = form;
    let done = match act.as_str() {
        "hand-over" => {
            let evidence = HandOver { receiver, document, agent_number, relation };
            service::hand_over(&app, &actor, id, evidence).await
        }
        "post" if address.trim().is_empty() => {
            Err(crate::production::rules::Refused::NoAddress.into())
        }
        "post" => service::choose(&app, &actor, id, &address).await,
        "pick-up" => service::choose(&app, &actor, id, "").await,
        _ => Err(Problem::not_found()),
    };
    match done {
        Ok(_) => Ok(Redirect::to(&format!("/desk/production/shelf/{id}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = hand_over_page(&app, &actor, p, id, Some(problem)).await?;
            Ok((status, render(&page)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "production_spoiled.html")]
struct SpoiledPage {
    p: Page,
    tab: &'static str,
    desk: bool,
    cards: Vec<Spoiled>,
    reader: Id,
    audit: Option<Audit>,
}

impl SpoiledPage {
    fn may_witness(&self, card: &Spoiled) -> bool {
        card.destroyed_by.is_some_and(|first| first != self.reader)
    }
}

pub(super) async fn spoiled(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let cards = spoiled_service::list(&app, &actor).await?;
    let audit = match actor.role {
        Role::MunicipalOfficer => Some(app.db.read(numbers::audit).await?),
        _ => None,
    };
    let desk = matches!(actor.role, Role::Clerk | Role::OutletManager);
    render(&SpoiledPage { p, tab: "spoiled", desk, cards, reader: actor.account, audit })
}

#[derive(Deserialize)]
pub(super) struct Destroy {
    id: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn destroy(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Destroy>,
) -> Result<Response, Problem> {
    spoiled_service::destroy(&app, &actor, parse(&form.id)?, &form.note).await?;
    Ok(Redirect::to("/desk/production/spoiled").into_response())
}
