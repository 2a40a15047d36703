//! Choosing and changing the bank of a card, at the desk and by the holder.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use banks::store::accounts::Account;
use kernel::actor::Actor;
use kernel::http::{Form, Path};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::person::parse;
use crate::service::bank;

#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    bank: String,
    #[serde(default)]
    change: String,
}

async fn choose(app: &App, actor: &Actor, person: Id, choice: &Choice) -> Result<(), Problem> {
    if choice.change == "off" {
        return bank::call_off(app, actor, person).await;
    }
    let chosen = parse(&choice.bank)?;
    match choice.change.as_str() {
        "1" => bank::change_bank(app, actor, person, chosen).await,
        _ => bank::open_account(app, actor, person, chosen).await.map(drop),
    }
}

pub(super) async fn at_desk(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(choice): Form<Choice>,
) -> Result<Response, Problem> {
    choose(&app, &actor, parse(&id)?, &choice).await?;
    Ok(Redirect::to(&format!("/desk/people/{id}")).into_response())
}

pub(super) async fn own(
    State(app): State<App>,
    actor: Actor,
    Form(choice): Form<Choice>,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    choose(&app, &actor, person, &choice).await?;
    Ok(Redirect::to("/me").into_response())
}

/// Whether a bank is another than that of an account.
pub(super) fn other(bank: &Id, account: &Account) -> bool {
    *bank != account.bank
}
