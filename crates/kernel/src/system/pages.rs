//! The operator's page.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::actor::{Access, Actor, Role};
use crate::db::{Turning, turning};
use crate::http::{Form, NoFields, Page, Path, Routes, render};
use crate::jobs::{self, JobState};
use crate::journal::{self, Entry};
use crate::law::Text;
use crate::outbox::{self, Queue};
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;

const KEEPERS: &[Role] = &[Role::Administrator];

pub(super) fn routes() -> Routes {
    let to = Access::Roles(KEEPERS);
    Routes::new("kernel")
        .page(Method::GET, "/office/system", to, &[20], look)
        .page(Method::POST, "/office/system/turn", to, &[19], turn)
        .page(Method::POST, "/office/system/messages/{id}", to, &[20], message)
        .nav(KEEPERS, "/office/system", Text::new("运行", "Operations"), None)
}

#[derive(Template)]
#[template(path = "system.html")]
struct SystemPage {
    p: Page,
    key: Turning,
    messages: Queue,
    jobs: Vec<JobState>,
}

impl SystemPage {
    fn phase(&self) -> &str {
        match self.key.phase.as_str() {
            "preparing" => self.p.t("准备中", "preparing"),
            "turning" => self.p.t("正在更换可检索的信息", "what is looked for is sealed anew"),
            "sweeping" => self.p.t("正在更换其余信息", "the rest is sealed anew"),
            _ => self.p.t("正常", "settled"),
        }
    }

    /// Jobs in trouble first.
    fn failing(&self) -> usize {
        self.jobs.iter().filter(|job| job.failures > 0).count()
    }
}

async fn look(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let mut jobs = jobs::states(&app).await?;
    jobs.sort_by_key(|job| (job.failures == 0, job.name.clone()));
    let read = app.db.read(|tx| Ok::<_, Problem>((turning(tx)?, outbox::queue(tx)?)));
    let (key, messages) = read.await?;
    render(&SystemPage { p, key, messages, jobs })
}

async fn turn(
    State(app): State<App>,
    actor: Actor,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    super::begin(&app, &actor).await?;
    Ok(Redirect::to("/office/system").into_response())
}

#[derive(Deserialize)]
struct Decision {
    decision: String,
}

async fn message(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let (again, act) = match form.decision.as_str() {
        "again" => (true, "message.again"),
        "drop" => (false, "message.dropped"),
        _ => return Err(Problem::not_found()),
    };
    let entry = Entry::new(app.id(), Utc::now(), &actor, act, "Art. 20").on("message", id);
    app.db
        .write(move |tx| {
            outbox::again(tx, id, again)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(Redirect::to("/office/system").into_response())
}
