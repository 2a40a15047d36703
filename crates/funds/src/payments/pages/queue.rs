//! Exceptions, and returned money that waits for an account.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::{CHECKERS, FINANCE, Names, id_of, reason_name};
use crate::payments::rules::Action;
use crate::payments::service::look::{self, Queue};
use crate::payments::service::{exceptions, returned as again};
use crate::payments::store::exceptions::Exception;
use crate::programmes::formula::{money, parse_decimal};

#[derive(Template)]
#[template(path = "pay_exceptions.html")]
struct QueuePage {
    p: Page,
    queue: Queue,
    names: Names,
    actor: Actor,
}

impl QueuePage {
    /// Whether money may come back in parts.
    fn in_parts(&self, one: &Exception) -> bool {
        one.kind.actions().contains(&Action::RecoverPart)
    }

    fn may_decide(&self, one: &Exception) -> bool {
        CHECKERS.contains(&self.actor.role) && one.asked_by != Some(self.actor.account)
    }
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let mut queue = look::queue(&app).await?;
    let names = Names::new(std::mem::take(&mut queue.names));
    render(&QueuePage { p, queue, names, actor })
}

#[derive(Deserialize)]
pub(super) struct AskForm {
    action: String,
    #[serde(default)]
    reason: String,
    /// Yuan that came back, with a part.
    #[serde(default)]
    yuan: String,
}

const QUEUE: &str = "/office/funds/exceptions";

pub(super) async fn ask(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<AskForm>,
) -> Result<Response, Problem> {
    let wrong = || Problem::field("action", Text::new("请选择处理办法", "Choose an action"));
    let action = Action::from_code(&form.action).ok_or_else(wrong)?;
    let part = match action {
        Action::RecoverPart => parse_decimal(form.yuan.trim(), 2).unwrap_or(0),
        _ => 0,
    };
    exceptions::ask_part(&app, &actor, id_of(&id)?, (action, part), &form.reason).await?;
    Ok(Redirect::to(QUEUE).into_response())
}

#[derive(Deserialize)]
pub(super) struct Decision {
    decision: String,
}

impl Decision {
    fn yes(&self) -> Result<bool, Problem> {
        let wrong =
            || Problem::field("decision", Text::new("请选择同意或退回", "Choose yes or no"));
        match self.decision.as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(wrong()),
        }
    }
}

pub(super) async fn decide(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    exceptions::decide(&app, &actor, id_of(&id)?, form.yes()?).await?;
    Ok(Redirect::to(QUEUE).into_response())
}

#[derive(Template)]
#[template(path = "pay_returned.html")]
struct ReturnedPage {
    p: Page,
    proof: look::Proof,
    accounts: Vec<(Id, Text, String)>,
    /// Whether the reader may review the correction: an official, and not his own.
    may_review: bool,
    /// Whether he sees the queue.
    official: bool,
}

pub(super) async fn returned(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let proof = look::proof(&app, &actor, id_of(&id)?).await?;
    let accounts = look::accounts_of(&app, proof.stored.person).await?;
    let official = FINANCE.contains(&actor.role);
    let own = proof.correction.as_ref().is_some_and(|made| made.made_by == actor.account);
    render(&ReturnedPage { p, proof, accounts, may_review: official && !own, official })
}

#[derive(Deserialize)]
pub(super) struct CardForm {
    pub(super) card: String,
}

pub(super) async fn correct(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<CardForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    again::correct(&app, &actor, id, id_of(&form.card)?).await?;
    Ok(Redirect::to(&format!("/office/funds/returned/{id}")).into_response())
}

pub(super) async fn review(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    again::review(&app, &actor, id_of(&id)?, form.yes()?).await?;
    Ok(Redirect::to(QUEUE).into_response())
}
