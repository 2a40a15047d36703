//! History of an item, withdrawal, suspension, and import of a table.

use super::*;
use crate::follow::{self as following, Did, Done};
use crate::service::{History, Imported, LineFault};
use axum::http::header;
use kernel::http::{NoFields, Upload};

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    p: Page,
    code: String,
    history: History,
    drafts: bool,
    approves: bool,
    suspended: Option<Suspension>,
}

impl HistoryPage {
    fn step(&self, key: &str) -> Text {
        let list = self.history.versions[0].list;
        let step = rules::workflow::of(list).step(key);
        step.map(|step| step.name()).unwrap_or_default()
    }
}

pub(super) async fn history(
    State(app): State<App>,
    Extension(catalogue): Shared,
    actor: Actor,
    p: Page,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let history = service::history(&app, &code).await?;
    let suspended = catalogue.suspension(&code, Utc::now().day());
    let (drafts, approves) = (MAKERS.contains(&actor.role), APPROVERS.contains(&actor.role));
    render(&HistoryPage { p, code, history, drafts, approves, suspended })
}

fn back(code: &str) -> Response {
    Redirect::to(&format!("/office/items/{code}/history")).into_response()
}

#[derive(Deserialize)]
pub(super) struct Last {
    last: String,
}

pub(super) async fn withdraw(
    State(app): State<App>,
    actor: Actor,
    Path(code): Path<String>,
    Form(form): Form<Last>,
) -> Result<Response, Problem> {
    service::withdraw(&app, &actor, &code, &form.last).await?;
    Ok(back(&code))
}

#[derive(Deserialize)]
pub(super) struct Why {
    reason: String,
}

pub(super) async fn suspend(
    State(app): State<App>,
    Extension(catalogue): Shared,
    actor: Actor,
    Path(code): Path<String>,
    Form(form): Form<Why>,
) -> Result<Response, Problem> {
    service::suspend(&app, &catalogue, &actor, &code, &form.reason).await?;
    Ok(back(&code))
}

pub(super) async fn lift(
    State(app): State<App>,
    Extension(catalogue): Shared,
    actor: Actor,
    Path(code): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    service::lift(&app, &catalogue, &actor, &code).await?;
    Ok(back(&code))
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    p: Page,
    done: usize,
    faults: Vec<LineFault>,
}

pub(super) async fn import_form(p: Page) -> Result<Response, Problem> {
    render(&ImportPage { p, done: 0, faults: Vec::new() })
}

pub(super) async fn import(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    mut sent: Upload<NoFields>,
) -> Result<Response, Problem> {
    sent.file("file")?;
    let file = sent.files.swap_remove(0);
    match service::import(&app, &actor, file.bytes).await? {
        Imported::Proposed(items) => {
            render(&ImportPage { p, done: items.len(), faults: Vec::new() })
        }
        Imported::Faulty(faults) => {
            let page = render(&ImportPage { p, done: 0, faults })?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

#[derive(Template)]
#[template(path = "overdue.html")]
struct OverduePage {
    p: Page,
    waiting: Vec<Task>,
    done: Vec<Did>,
    sums: Vec<Done>,
}

impl OverduePage {
    /// A step by its code; codes are the same in all procedures that have it.
    fn step(&self, key: &str) -> Text {
        let step = List::ALL.iter().find_map(|list| rules::workflow::of(*list).step(key));
        step.map(|step| step.name()).unwrap_or_default()
    }
}

/// Every step that waits, whoever takes it, and the register of what was done: departments see who has
/// done what (Art. 9).
pub(super) async fn overdue(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let waiting = service::all_waiting(&app).await?;
    let (done, sums) = following::register(&app).await?;
    render(&OverduePage { p, waiting, done, sums })
}

#[derive(Deserialize)]
pub(super) struct Note {
    note: String,
}

pub(super) async fn comment(
    State(app): State<App>,
    actor: Actor,
    Path(code): Path<String>,
    mut sent: Upload<Note>,
) -> Result<Response, Problem> {
    let content = sent.files.pop().map(|file| file.bytes).unwrap_or_default();
    papers::add(&app, &actor, &code, &sent.form.note, content).await?;
    Ok(back(&code))
}

pub(super) async fn paper(State(app): State<App>, Path(id): Path<Id>) -> Result<Response, Problem> {
    let (paper, content) = papers::open(&app, id).await?;
    // Saved, never shown as a page of this site.
    let saved = format!("attachment; filename=\"{}\"", paper.name);
    let head = [(header::CONTENT_TYPE, paper.media), (header::CONTENT_DISPOSITION, saved)];
    Ok((head, content).into_response())
}
