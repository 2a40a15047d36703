//! The holder's code, and where the card was used.

mod devices;
mod spare;

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::http::{Json, Page, Query, Routes, render};
use kernel::id::Id;
use kernel::law::{Refusal as _, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::{Deserialize, Serialize};

use crate::cq1;
use crate::figures::own::{self, Narrowed};
use crate::rules::Refused;
use crate::store::Use;

const HOLDERS: &[Role] = &[Role::Holder];
const HOLDER: Access = Access::Roles(HOLDERS);

pub(crate) fn routes() -> Routes {
    Routes::new("codes")
        .page(Method::GET, "/me/code", HOLDER, &[2, 6, 16], code_page)
        .page(Method::GET, "/me/code.json", HOLDER, &[2, 6, 16], code_json)
        .page(Method::GET, "/me/uses", HOLDER, &[18, 19], uses)
        .nav(HOLDERS, "/me/code", Text::new("卡码", "Code"), None)
        .nav(HOLDERS, "/me/uses", Text::new("用卡记录", "Uses"), None)
        .merge(spare::routes())
        .merge(devices::routes())
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    p: Page,
    code: CodeBody,
    seconds: i64,
    large: bool,
}

/// A fresh code for the page's script.
#[derive(Serialize)]
struct CodeBody {
    svg: String,
    text: String,
    expires_in_ms: i64,
    lifetime_ms: i64,
}

async fn fresh(app: &App, actor: &Actor) -> Result<CodeBody, Problem> {
    let shown = cq1::issue::show(app, actor).await?;
    let svg = qr(&shown.text)?;
    let lifetime_ms = shown.lifetime_ms;
    Ok(CodeBody { svg, text: shown.text, expires_in_ms: lifetime_ms, lifetime_ms })
}

fn qr(text: &str) -> Result<String, DbError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M);
    let code = code.map_err(|error| DbError::Engine(error.to_string()))?;
    let image = code.render::<svg::Color<'_>>().min_dimensions(280, 280).quiet_zone(true).build();
    // The XML declaration has no place inside a page.
    let start = image.find("<svg").unwrap_or(0);
    Ok(image[start..].to_owned())
}

#[derive(Deserialize)]
struct View {
    large: Option<String>,
}

async fn code_page(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let code = fresh(&app, &actor).await?;
    let seconds = code.expires_in_ms / 1_000;
    render(&CodePage { large: view.large.is_some() || p.elder, p, seconds, code })
}

async fn code_json(State(app): State<App>, actor: Actor) -> Result<Json<CodeBody>, Problem> {
    fresh(&app, &actor).await.map(Json)
}

#[derive(Template)]
#[template(path = "uses.html")]
struct UsesPage {
    p: Page,
    uses: Vec<Use>,
    next: Option<Id>,
    narrowed: Narrowed,
}

impl UsesPage {
    fn item<'a>(&'a self, used: &'a Use) -> &'a str {
        let name = self.p.t(&used.item_zh, &used.item_en);
        if name.is_empty() { &used.item } else { name }
    }

    fn why(&self, used: &Use) -> String {
        let signed = seal::cq1::Refused::ALL.into_iter().map(Refused::Signed);
        let refused = Refused::ALL.into_iter().chain(signed).find(|r| r.code() == used.result);
        refused.map(|refused| self.p.text(&refused.reason()).to_owned()).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Before {
    before: Option<String>,
}

const SHOWN: usize = 30;

async fn uses(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(from): Query<Before>,
    Query(narrowed): Query<Narrowed>,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let before = from.before.and_then(|id| id.parse().ok()).unwrap_or(Id(i64::MAX));
    let wanted = narrowed.clone();
    let find = move |tx: &mut Tx<'_>| own::find(tx, person, &wanted, before, SHOWN);
    let uses = app.db.read(find).await?;
    let next = (uses.len() == SHOWN).then(|| uses.last().map(|used| used.id)).flatten();
    render(&UsesPage { p, uses, next, narrowed })
}
