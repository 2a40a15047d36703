//! The auditor's view of the journal.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::proof::{self, Proof};
use super::{Stored, log, newest, verify, witness};
use crate::actor::{Access, Actor, Role};
use crate::db::v;
use crate::http::{Form, Json, NoFields, Page, Path, Query, Routes, render};
use crate::id::Id;
use crate::law::Text;
use crate::platform::App;
use crate::problem::Problem;

const AUDITORS: Access = Access::Roles(&[Role::Auditor]);
const HOLDERS: Access = Access::Roles(&[Role::Holder]);
const READERS: Access = Access::Roles(&[Role::Holder, Role::Auditor]);

/// Routes of the journal.
pub fn routes() -> Routes {
    Routes::new("kernel")
        .page(Method::GET, "/office/journal", AUDITORS, &[18, 19], list)
        .page(Method::POST, "/office/journal/verify", AUDITORS, &[19], check)
        .page(Method::GET, "/log/checkpoint", Access::Public, &[19], log::newest)
        .page(Method::GET, "/log/witnessed", Access::Public, &[19], log::witnessed)
        .page(Method::GET, "/log/tile/{level}/{*rest}", Access::Public, &[19], log::tile)
        .page(Method::GET, "/log/key", Access::Public, &[19], log::key)
        .page(Method::GET, "/me/accesses/{id}/proof.json", HOLDERS, &[18, 19], download)
        .api(Access::Public, &[19], routes!(head))
        .api(Access::Public, &[19], routes!(log::count))
        .api(READERS, &[18, 19], routes!(entry_proof))
        .merge(witness::routes())
        .merge(super::orders::routes())
        .nav(&[Role::Auditor], "/office/journal", Text::new("审计日志", "Journal"), Some('j'))
}

#[derive(Template)]
#[template(path = "journal.html")]
struct JournalPage {
    p: Page,
    entries: Vec<Stored>,
    head: String,
    next: Option<Id>,
    verified: Option<super::Report>,
}

#[derive(Deserialize)]
struct From {
    before: Option<String>,
}

const PAGE: i64 = 50;

async fn list(
    State(app): State<App>,
    p: Page,
    Query(from): Query<From>,
) -> Result<Response, Problem> {
    let before = from.before.and_then(|id| id.parse().ok()).unwrap_or(Id(i64::MAX));
    show(&app, p, before, None).await
}

async fn check(State(app): State<App>, p: Page, _: Form<NoFields>) -> Result<Response, Problem> {
    let report = verify(&app.db, &app.keys, &app.config.journal_origin).await?;
    show(&app, p, Id(i64::MAX), Some(report)).await
}

async fn show(
    app: &App,
    p: Page,
    before: Id,
    verified: Option<super::Report>,
) -> Result<Response, Problem> {
    let (entries, head) = app
        .db
        .read(move |tx| {
            let sql = "SELECT signed FROM journal_head ORDER BY size DESC LIMIT 1";
            let head = tx.optional(sql, &[])?.map(|row| row.get::<String>(0)).transpose()?;
            Ok::<_, Problem>((newest(tx, before, PAGE)?, head.unwrap_or_default()))
        })
        .await?;
    let next = (entries.len() == PAGE as usize).then(|| entries.last().map(|e| e.id)).flatten();
    render(&JournalPage { p, entries, head, next, verified })
}

/// The newest signed head of the journal: anybody may keep it and compare later (Art. 19).
#[derive(Serialize, utoipa::ToSchema)]
pub struct Head {
    /// Entries under the head.
    size: i64,
    /// The signed note; its form is described in docs/journal.md.
    note: String,
}

/// The newest signed head of the journal.
#[utoipa::path(get, path = "/api/v1/journal/head", tag = "journal",
    responses((status = 200, body = Head), (status = 404, description = "nothing recorded yet")))]
async fn head(State(app): State<App>) -> Result<Json<Head>, Problem> {
    let newest = app.db.read(|tx| {
        let sql =
            "SELECT size, signed FROM journal_head WHERE size > $1 ORDER BY size DESC LIMIT 1";
        let row = tx.optional(sql, &[v(0)])?;
        row.map(|row| Ok(Head { size: row.get(0)?, note: row.get(1)? })).transpose()
    });
    let newest: Option<Head> = newest.await.map_err(|e: Problem| e)?;
    newest.map(Json).ok_or_else(Problem::not_found)
}

/// The proof that an entry stands in the log: auditors for each, holders for those about themselves.
#[utoipa::path(get, path = "/api/v1/journal/entries/{id}/proof", tag = "journal",
    params(("id" = String, Path, description = "the entry's id")),
    responses((status = 200, body = Proof), (status = 404, description = "no such entry"),
        (status = 409, description = "not under a signed head yet")))]
async fn entry_proof(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Proof>, Problem> {
    Ok(Json(proof_for(&app, &actor, &id).await?))
}

async fn download(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let proof = proof_for(&app, &actor, &id).await?;
    let name = format!("attachment; filename=\"proof-{id}.json\"");
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(proof)).into_response())
}

async fn proof_for(app: &App, actor: &Actor, id: &str) -> Result<Proof, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let person = match actor.role {
        Role::Holder => Some(actor.person.ok_or_else(Problem::forbidden)?),
        _ => None,
    };
    let (keys, origin) = (app.keys.clone(), app.config.journal_origin.clone());
    app.db.read(move |tx| proof::make(tx, &keys, &origin, id, person)).await
}
