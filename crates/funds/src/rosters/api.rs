//! Rosters for programs: declare, send lines in sets, let them be checked, look.

use axum::extract::State as Shared;
use kernel::actor::{Access, Actor};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::columns::Draft;
use super::lines::{self, Which};
use super::pages::{ENTERS, SEES};
use super::reasons::reason_text;
use super::service::{self, Declared, Source};
use super::store::Roster;
use super::work;

pub(super) fn routes() -> Routes {
    let sets = Routes::new("funds").api(Access::Roles(ENTERS), &[8], routes!(take)).bodies(8 << 20);
    Routes::new("funds")
        .api(Access::Roles(ENTERS), &[8], routes!(create))
        .api(Access::Roles(ENTERS), &[8], routes!(check))
        .api(Access::Roles(SEES), &[8], routes!(look))
        .merge(sets)
}

/// What is declared before the lines come.
#[derive(Deserialize, utoipa::ToSchema)]
struct NewRoster {
    /// Code of the programme.
    programme: String,
    /// `2026` or `2026-11`.
    period: String,
    /// Division; the account's own when left out.
    #[serde(default)]
    division: String,
    /// Lines that will come.
    lines: i64,
    /// Their total in fen.
    fen: i64,
}

/// How a roster stands.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RosterBody {
    /// Id.
    #[schema(value_type = String)]
    id: Id,
    /// `entered`, `checked`, `reviewed`, `noticed`, `approved`, `released`, `stopped`, `withdrawn`.
    state: &'static str,
    /// Period.
    period: String,
    /// Lines as entered.
    entered_lines: i64,
    /// Fen as entered.
    entered_fen: i64,
    /// Lines to be paid.
    lines: i64,
    /// Fen to be paid.
    fen: i64,
    /// Bad lines.
    bad: i64,
    /// The first hundred bad lines.
    faults: Vec<FaultBody>,
}

/// A bad line.
#[derive(Serialize, utoipa::ToSchema)]
struct FaultBody {
    /// Line.
    line: i64,
    /// Stable code.
    code: String,
    /// Why, and what to do.
    text: String,
}

/// One line of a set.
#[derive(Deserialize, utoipa::ToSchema)]
struct LineBody {
    /// Its place in the roster, from 1; the same line twice counts once.
    line: i64,
    /// Person number.
    number: String,
    /// Name.
    name: String,
    /// Yuan with two decimals.
    #[serde(default)]
    amount: String,
    /// Quantity for the formula, up to three decimals.
    #[serde(default)]
    quantity: String,
    /// Code of the household.
    #[serde(default)]
    household: String,
    /// Bank account, to be compared.
    #[serde(default)]
    account: String,
}

/// What became of a set.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Taken {
    /// Lines that are new.
    new: usize,
}

fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

async fn body(app: &App, actor: Actor, id: Id) -> Result<Json<RosterBody>, Problem> {
    let shared = app.clone();
    let load = move |tx: &mut kernel::db::Tx<'_>| {
        let (roster, _) = service::visible(tx, &actor, id)?;
        let bad = lines::page(tx, &shared.keys, id, Which::Bad, (0, 100))?;
        Ok::<_, Problem>((roster, bad))
    };
    let (roster, bad): (Roster, Vec<lines::Shown>) = app.db.read(load).await?;
    let fault = |one: lines::Shown| FaultBody {
        line: one.line,
        text: reason_text(&one.reason).zh,
        code: one.reason,
    };
    Ok(Json(RosterBody {
        id,
        state: roster.state.code(),
        period: roster.period,
        entered_lines: roster.entered_lines,
        entered_fen: roster.entered_fen,
        lines: roster.lines,
        fen: roster.fen,
        bad: roster.bad,
        faults: bad.into_iter().map(fault).collect(),
    }))
}

/// Declares a roster whose lines come in sets.
#[utoipa::path(post, path = "/api/v1/rosters", tag = "funds", request_body = NewRoster,
    responses((status = 200, body = RosterBody)))]
async fn create(
    Shared(app): Shared<App>,
    actor: Actor,
    Json(new): Json<NewRoster>,
) -> Result<Json<RosterBody>, Problem> {
    let NewRoster { programme, period, division, lines, fen } = new;
    let declared = Declared { programme, period, division, lines, fen };
    let id = service::create(&app, &actor, declared, Source::Lines).await?;
    body(&app, actor, id).await
}

/// Takes up to 5,000 lines; a set may be sent again.
#[utoipa::path(post, path = "/api/v1/rosters/{id}/lines", tag = "funds",
    params(("id" = String, Path)), request_body = Vec<LineBody>,
    responses((status = 200, body = Taken)))]
async fn take(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(set): Json<Vec<LineBody>>,
) -> Result<Json<Taken>, Problem> {
    let draft = |one: LineBody| Draft {
        line: one.line,
        number: one.number,
        name: one.name,
        amount: one.amount,
        amount_of: one.quantity,
        household: one.household,
        account: one.account,
        ..Draft::default()
    };
    let set = set.into_iter().map(draft).collect();
    Ok(Json(Taken { new: service::take_set(&app, &actor, parse(&id)?, set).await? }))
}

/// All sets were sent: the check begins.
#[utoipa::path(post, path = "/api/v1/rosters/{id}/check", tag = "funds",
    params(("id" = String, Path)), responses((status = 200, body = RosterBody)))]
async fn check(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<RosterBody>, Problem> {
    let id = parse(&id)?;
    service::all_sent(&app, &actor, id).await?;
    work::nudge(&app);
    body(&app, actor, id).await
}

/// How a roster stands, with its first bad lines.
#[utoipa::path(get, path = "/api/v1/rosters/{id}", tag = "funds",
    params(("id" = String, Path)), responses((status = 200, body = RosterBody)))]
async fn look(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<RosterBody>, Problem> {
    body(&app, actor, parse(&id)?).await
}
