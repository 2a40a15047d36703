//! The life of a card in use, for programs: loss, release, link, replacement, cancellation; the
//! holder's own cards; the hotline; what needs two people.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::{CardBody, DESK, body, person};
use crate::pages::HOTLINE;
use crate::pages::person::{choose_cause, fee};
use crate::rules::{CancelCause, Cause, Command};
use crate::service::hotline::{self, Caller};
use crate::service::{self, OwnAct, decisions};

const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(super) fn routes() -> Routes {
    Routes::new("cards")
        .api(DESK, &[2, 10, 11, 20], routes!(simple))
        .api(DESK, &[11], routes!(lose))
        .api(DESK, &[11], routes!(release))
        .api(DESK, &[20], routes!(unlock))
        .api(DESK, &[12], routes!(replace))
        .api(DESK, &[13], routes!(cancel))
        .api(DESK, &[13], routes!(ask_destroy))
        .api(DESK, &[13], routes!(ask_revive))
        .api(DESK, &[13, 25], routes!(waiting))
        .api(DESK, &[13, 25], routes!(decide))
        .api(DESK, &[10], routes!(bank_of))
        .api(DESK, &[10], routes!(bank_call_off))
        .api(HOLDER, &[2, 7], routes!(own))
        .api(HOLDER, &[2, 11, 12], routes!(own_act))
        .api(HOTLINE, &[11, 22], routes!(by_phone))
}

/// Steps that need no more than their name.
fn simple_command(step: &str) -> Result<Command, Problem> {
    match step {
        "withdraw" => Ok(Command::Withdraw),
        "activate-financial" => Ok(Command::ActivateFinancial),
        "lose-temporarily" => Ok(Command::LoseTemporarily),
        "lock" => Ok(Command::Lock),
        "link" => Ok(Command::Link),
        _ => Err(Problem::not_found()),
    }
}

/// A step that needs no more than its name: `withdraw`, `activate-financial`, `lose-temporarily`,
/// `lock`, `link`.
#[utoipa::path(post, path = "/api/v1/people/{person}/card/steps/{step}", tag = "cards",
    params(("person" = String, Path), ("step" = String, Path)),
    responses((status = 200, body = CardBody), (status = 409, description = "refused")))]
async fn simple(
    State(app): State<App>,
    actor: Actor,
    Path((id, step)): Path<(String, String)>,
) -> Result<Json<CardBody>, Problem> {
    let command = simple_command(&step)?;
    Ok(Json(body(&service::perform(&app, &actor, person(&id)?, command).await?)))
}

/// Whose document was checked.
#[derive(Deserialize, utoipa::ToSchema)]
struct ProofBody {
    /// Kind of the document that was checked.
    proof: String,
    /// Number on the document of a guardian or agent, when somebody acts for the holder.
    #[serde(default)]
    agent: String,
}

/// Reports the card lost, with proof of identity (正式挂失).
#[utoipa::path(post, path = "/api/v1/people/{person}/card/lose", tag = "cards",
    request_body = ProofBody, params(("person" = String, Path)),
    responses((status = 200, body = CardBody)))]
async fn lose(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<ProofBody>,
) -> Result<Json<CardBody>, Problem> {
    let command = Command::Lose { proof: form.proof };
    let id = person(&id)?;
    Ok(Json(body(&service::perform_for(&app, &actor, id, command, &form.agent).await?)))
}

/// Releases a card that was found again (解挂); refused once a replacement is under way.
#[utoipa::path(post, path = "/api/v1/people/{person}/card/release", tag = "cards",
    request_body = ProofBody, params(("person" = String, Path)),
    responses((status = 200, body = CardBody)))]
async fn release(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<ProofBody>,
) -> Result<Json<CardBody>, Problem> {
    let command = Command::Release { proof: form.proof };
    let id = person(&id)?;
    Ok(Json(body(&service::perform_for(&app, &actor, id, command, &form.agent).await?)))
}

/// Unlocks a card.
#[utoipa::path(post, path = "/api/v1/people/{person}/card/unlock", tag = "cards",
    request_body = ProofBody, params(("person" = String, Path)),
    responses((status = 200, body = CardBody)))]
async fn unlock(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<ProofBody>,
) -> Result<Json<CardBody>, Problem> {
    let command = Command::Unlock { proof: form.proof };
    Ok(Json(body(&service::perform(&app, &actor, person(&id)?, command).await?)))
}

/// A replacement (Art. 12).
#[derive(Deserialize, utoipa::ToSchema)]
struct ReplaceBody {
    /// `lost`, `name-changed`, `damaged`, `new-generation`, `expired`, or `decision`.
    cause: String,
    /// Number and substance of the decision, for `decision`.
    #[serde(default)]
    decision: String,
    /// `paid`, `waived`, or empty where the cause is free.
    #[serde(default)]
    fee: String,
    /// Receipt, or ground of the waiver.
    #[serde(default)]
    fee_proof: String,
    /// Number on the document of a guardian or agent, when somebody acts for the holder.
    #[serde(default)]
    agent: String,
}

/// Applies for a new card in place of the one in use (Art. 12); answers the new card.
#[utoipa::path(post, path = "/api/v1/people/{person}/card/replace", tag = "cards",
    request_body = ReplaceBody, params(("person" = String, Path)),
    responses((status = 200, body = CardBody)))]
async fn replace(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<ReplaceBody>,
) -> Result<Json<CardBody>, Problem> {
    let cause = Cause::from_code(&form.cause).ok_or_else(choose_cause)?;
    let fee = fee(&form.fee, form.fee_proof);
    let command = Command::Replace { cause, decision: form.decision, fee };
    let id = person(&id)?;
    Ok(Json(body(&service::perform_for(&app, &actor, id, command, &form.agent).await?)))
}

/// A cancellation (Art. 13).
#[derive(Deserialize, utoipa::ToSchema)]
struct CancelBody {
    /// `death`, `declared-dead`, `left-for-good`, `entitlement-ended`.
    cause: String,
    /// Name and number of the document that proves it.
    evidence: String,
}

/// Ends the card for ever (Art. 13).
#[utoipa::path(post, path = "/api/v1/people/{person}/card/cancel", tag = "cards",
    request_body = CancelBody, params(("person" = String, Path)),
    responses((status = 200, body = CardBody)))]
async fn cancel(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<CancelBody>,
) -> Result<Json<CardBody>, Problem> {
    let cause = CancelCause::from_code(&form.cause).ok_or_else(choose_cause)?;
    let command = Command::Cancel { cause, evidence: form.evidence };
    Ok(Json(body(&service::perform(&app, &actor, person(&id)?, command).await?)))
}

/// A question to a second person.
#[derive(Deserialize, utoipa::ToSchema)]
struct QuestionBody {
    /// How and where, or the evidence.
    text: String,
}

/// Asks a second person to confirm that an ended card is destroyed (Art. 13).
#[utoipa::path(post, path = "/api/v1/people/{person}/cards/{card}/destroy", tag = "cards",
    request_body = QuestionBody, params(("person" = String, Path), ("card" = String, Path)),
    responses((status = 200)))]
async fn ask_destroy(
    State(app): State<App>,
    actor: Actor,
    Path((id, card)): Path<(String, String)>,
    Json(form): Json<QuestionBody>,
) -> Result<Json<()>, Problem> {
    let (id, card) = (person(&id)?, person(&card)?);
    Ok(Json(decisions::ask_destroy(&app, &actor, id, card, form.text).await?))
}

/// Asks a second person to confirm that somebody was wrongly declared dead.
#[utoipa::path(post, path = "/api/v1/people/{person}/revive", tag = "cards",
    request_body = QuestionBody, params(("person" = String, Path)), responses((status = 200)))]
async fn ask_revive(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<QuestionBody>,
) -> Result<Json<()>, Problem> {
    Ok(Json(decisions::ask_revive(&app, &actor, person(&id)?, form.text).await?))
}

/// A question that waits for a second person.
#[derive(Serialize, utoipa::ToSchema)]
struct WaitingBody {
    /// Id.
    #[schema(value_type = String)]
    id: Id,
    /// `card.destroy` or `person.revive`.
    kind: String,
    /// What is asked.
    summary: String,
}

/// What waits for a second person.
#[utoipa::path(get, path = "/api/v1/cards/waiting", tag = "cards",
    responses((status = 200, body = Vec<WaitingBody>)))]
async fn waiting(State(app): State<App>) -> Result<Json<Vec<WaitingBody>>, Problem> {
    let all = decisions::waiting(&app).await?.into_iter();
    let body = |one: decisions::Waiting| WaitingBody {
        id: one.approval.id,
        kind: one.approval.kind,
        summary: one.approval.summary,
    };
    Ok(Json(all.map(body).collect()))
}

/// The second person's answer.
#[derive(Deserialize, utoipa::ToSchema)]
struct DecisionBody {
    /// Whether it is confirmed.
    confirm: bool,
    /// Why, when it is sent back.
    #[serde(default)]
    comment: String,
}

/// Confirms or sends back, as the second person.
#[utoipa::path(post, path = "/api/v1/cards/waiting/{id}", tag = "cards",
    request_body = DecisionBody, params(("id" = String, Path)), responses((status = 200)))]
async fn decide(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<DecisionBody>,
) -> Result<Json<()>, Problem> {
    let id = person(&id)?;
    Ok(Json(decisions::decide(&app, &actor, id, form.confirm, form.comment).await?))
}

/// The bank that the person chose.
#[derive(Deserialize, utoipa::ToSchema)]
struct BankBody {
    /// Organisation id of the cooperating bank.
    #[schema(value_type = String)]
    bank: Id,
    /// Whether it takes the place of the present one.
    #[serde(default)]
    change: bool,
}

/// Has an account opened for the card at a cooperating bank, or changes the bank (Art. 10).
#[utoipa::path(post, path = "/api/v1/people/{person}/card/bank", tag = "cards",
    request_body = BankBody, params(("person" = String, Path)), responses((status = 200)))]
async fn bank_of(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<BankBody>,
) -> Result<Json<()>, Problem> {
    let id = person(&id)?;
    match form.change {
        true => service::bank::change_bank(&app, &actor, id, form.bank).await?,
        false => service::bank::open_account(&app, &actor, id, form.bank).await.map(drop)?,
    }
    Ok(Json(()))
}

/// Calls a change of the bank off, as long as the old account is being closed (Art. 10).
#[utoipa::path(post, path = "/api/v1/people/{person}/card/bank/call-off", tag = "cards",
    params(("person" = String, Path)), responses((status = 200),
        (status = 409, description = "nothing to call off, or too late")))]
async fn bank_call_off(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<()>, Problem> {
    service::bank::call_off(&app, &actor, person(&id)?).await?;
    Ok(Json(()))
}

/// The holder's own cards.
#[derive(Serialize, utoipa::ToSchema)]
struct OwnBody {
    /// The card in use.
    card: Option<CardBody>,
    /// The card that will take its place.
    coming: Option<CardBody>,
}

/// The holder's own cards with their states.
#[utoipa::path(get, path = "/api/v1/me/card", tag = "cards",
    responses((status = 200, body = OwnBody)))]
async fn own(State(app): State<App>, actor: Actor) -> Result<Json<OwnBody>, Problem> {
    let glance = service::holdings(&app, &actor).await?;
    let (card, coming) = (glance.card.as_ref().map(body), glance.coming.as_ref().map(body));
    Ok(Json(OwnBody { card, coming }))
}

/// What a holder does with his own card.
#[utoipa::path(post, path = "/api/v1/me/card", tag = "cards", request_body = OwnAct,
    responses((status = 200, body = CardBody)))]
async fn own_act(
    State(app): State<App>,
    actor: Actor,
    Json(form): Json<OwnAct>,
) -> Result<Json<CardBody>, Problem> {
    let done = service::perform_own_act(&app, &actor, &form).await?;
    Ok(Json(body(&done)))
}

/// Reports a loss for a caller of the hotline.
#[utoipa::path(post, path = "/api/v1/hotline/loss", tag = "cards", request_body = Caller,
    responses((status = 200, body = CardBody),
        (status = 409, description = "what the caller said does not fit")))]
async fn by_phone(
    State(app): State<App>,
    actor: Actor,
    Json(caller): Json<Caller>,
) -> Result<Json<CardBody>, Problem> {
    Ok(Json(body(&hotline::report_loss(&app, &actor, &caller).await?)))
}
