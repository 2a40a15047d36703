//! The holder's own bills (Art. 8, 15).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;

use super::shared::{AuthoriseForm, BillsPage, ChangeForm, KeepForm, ReceiptPage, WordForm};
use crate::bills::port::ports;
use crate::bills::service::{accounts, mandates, pay as paying};
use crate::bills::store::{accounts as kept, billers, payments};
use crate::payments::pages::id_of;

fn person(actor: &Actor) -> Result<Id, Problem> {
    actor.person.ok_or_else(Problem::forbidden)
}

fn back() -> Response {
    Redirect::to("/me/bills").into_response()
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let own = accounts::own(&app, &actor, person(&actor)?).await?;
    render(&BillsPage { p, own, base: "/me/bills".to_owned(), whose: None })
}

pub(super) async fn keep(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<KeepForm>,
) -> Result<Response, Problem> {
    let new = (id_of(&form.biller)?, form.number.as_str(), form.nickname.as_str());
    accounts::keep(&app, &ports(&app.config.data), &actor, person(&actor)?, new).await?;
    Ok(back())
}

/// What a form does with an account: for the holder and at the counter.
pub(super) async fn change_of(
    app: &App,
    actor: &Actor,
    person: Id,
    account: Id,
    form: &ChangeForm,
) -> Result<(), Problem> {
    match form.act.as_str() {
        "look" => accounts::look_again(app, &ports(&app.config.data), actor, person, account).await,
        "rename" => accounts::change(app, actor, person, account, Some(&form.nickname)).await,
        "remove" => accounts::change(app, actor, person, account, None).await,
        _ => Err(Problem::not_found()),
    }
}

pub(super) async fn change(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Problem> {
    change_of(&app, &actor, person(&actor)?, id_of(&id)?, &form).await?;
    Ok(back())
}

pub(super) async fn authorise(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<AuthoriseForm>,
) -> Result<Response, Problem> {
    let (bill, month, until) = form.read()?;
    let of = (person(&actor)?, id_of(&id)?);
    mandates::authorise(&app, &actor, of, (bill, month), until).await?;
    Ok(back())
}

pub(super) async fn mandate(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    mandates::change(&app, &actor, person(&actor)?, id_of(&id)?, &form.word).await?;
    Ok(back())
}

pub(super) async fn pay(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(_): Form<std::collections::BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let made = paying::pay(&app, &actor, person(&actor)?, id_of(&id)?).await?;
    Ok(Redirect::to(&format!("/me/bills/payments/{made}")).into_response())
}

pub(super) async fn decline(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    let no = form.word == "no";
    mandates::decline(&app, &actor, person(&actor)?, id_of(&id)?, no).await?;
    Ok(back())
}

pub(super) async fn receipt(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    receipt_of(&app, p, person(&actor)?, &id, "/me/bills".to_owned()).await
}

/// A receipt of this person; another's is not found.
pub(super) async fn receipt_of(
    app: &App,
    p: Page,
    person: Id,
    id: &str,
    back: String,
) -> Result<Response, Problem> {
    let id = id_of(id)?;
    let read = app.db.read(move |tx| {
        let one = payments::get(tx, id)?.filter(|one| one.person == person);
        let one = one.ok_or_else(Problem::not_found)?;
        let account = kept::get(tx, person, one.account)?.map(|kept| kept.tail);
        let biller = billers::get(tx, one.biller)?;
        Ok::<_, Problem>((one, biller, account.unwrap_or_default()))
    });
    let (one, biller, account) = read.await?;
    render(&ReceiptPage { p, one, biller, account, back })
}
