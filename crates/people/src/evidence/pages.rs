//! The vault at the desk and for the holder.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Page, Path, Routes, Upload, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::rules::{EvidenceKind, LARGEST, Refused};
use super::service::{self, NewEvidence};
use super::store::{self, Evidence};
use crate::api::DESK;
use crate::records;
use crate::show::{after, file, parse};

const HOLDER: Access = Access::Roles(&[Role::Holder]);
/// The file, and room for the other fields.
const BODY: usize = LARGEST + 64 * 1024;

pub(crate) fn routes() -> Routes {
    let path = "/desk/people/{person}/evidence";
    Routes::new("people")
        .page(Method::GET, path, DESK, &[12, 19], list)
        .upload(path, DESK, &[12], BODY, take)
        .page(Method::GET, "/desk/people/{person}/evidence/{id}", DESK, &[19], open)
        .page(Method::GET, "/me/evidence", HOLDER, &[19], own)
        .page(Method::GET, "/me/evidence/{id}", HOLDER, &[19], open_own)
}

#[derive(Template)]
#[template(path = "evidence.html")]
struct EvidencePage {
    p: Page,
    problem: Option<Problem>,
    tab: &'static str,
    id: String,
    kinds: Vec<EvidenceKind>,
    evidence: Vec<Evidence>,
    base: String,
    desk: bool,
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let evidence = service::list(app, actor, id).await?;
    let base = format!("/desk/people/{id}/evidence");
    let (id, kinds) = (id.to_string(), EvidenceKind::ALL.to_vec());
    let desk = true;
    render(&EvidencePage { p, problem, tab: "evidence", id, kinds, evidence, base, desk })
}

async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&app, &actor, p, parse(&id)?, None).await
}

#[derive(Deserialize)]
struct Fields {
    kind: String,
    purpose: String,
}

async fn take(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    upload: Upload<Fields>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let done = match (upload.file("file"), EvidenceKind::from_code(&upload.form.kind)) {
        (Ok(sent), Some(kind)) => {
            let (purpose, bytes) = (upload.form.purpose.clone(), sent.bytes.clone());
            service::take(&app, &actor, id, NewEvidence { kind, purpose, bytes }).await.map(drop)
        }
        (Err(problem), _) => Err(problem),
        (_, None) => Err(Refused::Missing.into()),
    };
    let next = format!("/desk/people/{id}/evidence");
    after(done, &next, |problem| show(&app, &actor, p, id, Some(problem))).await
}

async fn open(
    State(app): State<App>,
    actor: Actor,
    Path((person, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (one, content) = service::open(&app, &actor, parse(&person)?, parse(&id)?).await?;
    Ok(file(&one, content))
}

/// The holder's own look is his right and needs no entry.
async fn own(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let me = actor.person.ok_or_else(Problem::forbidden)?;
    let read = move |tx: &mut kernel::db::Tx<'_>| {
        let records = records::of(tx, me)?;
        Ok::<_, Problem>(store::of(tx, &records)?)
    };
    let evidence = app.db.read(read).await?;
    let (base, tab) = ("/me/evidence".to_owned(), "");
    let (id, kinds) = (me.to_string(), Vec::new());
    render(&EvidencePage { p, problem: None, tab, id, kinds, evidence, base, desk: false })
}

async fn open_own(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let me = actor.person.ok_or_else(Problem::forbidden)?;
    let (one, content) = service::open_own(&app, me, parse(&id)?).await?;
    Ok(file(&one, content))
}
