//! The counter helps those without a phone (Art. 15): the same acts, each journalled with the clerk.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, Query, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::me::{change_of, receipt_of};
use super::shared::{BillsPage, ChangeForm, KeepForm, WordForm};
use crate::bills::port::ports;
use crate::bills::service::{accounts, mandates, pay as paying};
use crate::payments::pages::id_of;

#[derive(Template)]
#[template(path = "bills_find.html")]
struct FindPage {
    p: Page,
    missing: bool,
}

/// Whom the clerk serves.
#[derive(Deserialize)]
pub(super) struct FindQuery {
    #[serde(default)]
    number: String,
}

pub(super) async fn find(
    State(app): State<App>,
    p: Page,
    Query(query): Query<FindQuery>,
) -> Result<Response, Problem> {
    let number = query.number.trim().to_ascii_uppercase();
    if number.is_empty() {
        return render(&FindPage { p, missing: false });
    }
    let today = kernel::time::Utc::now().day();
    let strict = people::number::Strictness::Checked;
    let Ok(parsed) = people::number::PersonNumber::parse(&number, today, strict) else {
        return render(&FindPage { p, missing: true });
    };
    let found = app.db.read(move |tx| people::store::by_number(tx, &parsed.number)).await?;
    match found {
        Some(person) => Ok(Redirect::to(&format!("/desk/bills/{}", person.id)).into_response()),
        None => render(&FindPage { p, missing: true }),
    }
}

fn back(person: Id) -> Response {
    Redirect::to(&format!("/desk/bills/{person}")).into_response()
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    let person = id_of(&person)?;
    let known = app.db.read(move |tx| people::store::by_id(tx, person)).await?;
    let known = known.ok_or_else(Problem::not_found)?;
    let own = accounts::own(&app, &actor, person).await?;
    let whose = Some(people::rules::mask_name(&known.name));
    render(&BillsPage { p, own, base: format!("/desk/bills/{person}"), whose })
}

pub(super) async fn keep(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    Form(form): Form<KeepForm>,
) -> Result<Response, Problem> {
    let person = of(&app, &person).await?;
    let new = (id_of(&form.biller)?, form.number.as_str(), form.nickname.as_str());
    accounts::keep(&app, &ports(&app.config.data), &actor, person, new).await?;
    Ok(back(person))
}

/// The person of a path, who must be in the register.
async fn of(app: &App, person: &str) -> Result<Id, Problem> {
    let person = id_of(person)?;
    let known = app.db.read(move |tx| people::store::by_id(tx, person)).await?;
    known.map(|known| known.id).ok_or_else(Problem::not_found)
}

pub(super) async fn change(
    State(app): State<App>,
    actor: Actor,
    Path((person, id)): Path<(String, String)>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Problem> {
    let person = of(&app, &person).await?;
    change_of(&app, &actor, person, id_of(&id)?, &form).await?;
    Ok(back(person))
}

/// At the counter an authorisation is ended or paused; made it is by the holder himself.
pub(super) async fn mandate(
    State(app): State<App>,
    actor: Actor,
    Path((person, id)): Path<(String, String)>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    let person = of(&app, &person).await?;
    if !["pause", "cancel"].contains(&form.word.as_str()) {
        let said = Text::new("柜台只能暂停或取消授权", "The counter pauses or cancels only");
        return Err(Problem::field("word", said));
    }
    mandates::change(&app, &actor, person, id_of(&id)?, &form.word).await?;
    Ok(back(person))
}

pub(super) async fn pay(
    State(app): State<App>,
    actor: Actor,
    Path((person, id)): Path<(String, String)>,
    Form(_): Form<std::collections::BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let person = of(&app, &person).await?;
    let made = paying::pay(&app, &actor, person, id_of(&id)?).await?;
    Ok(Redirect::to(&format!("/desk/bills/{person}/payments/{made}")).into_response())
}

pub(super) async fn receipt(
    State(app): State<App>,
    Path((person, id)): Path<(String, String)>,
    p: Page,
) -> Result<Response, Problem> {
    let person = of(&app, &person).await?;
    receipt_of(&app, p, person, &id, format!("/desk/bills/{person}")).await
}
