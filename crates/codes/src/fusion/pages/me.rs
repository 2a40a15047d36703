//! The holder's linked cards and codes.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::http::{Form, Page, render};
use kernel::law::{Refusal as _, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::{day, id_of, with_problem};
use crate::fusion::rules::{NotOpened, Scheme};
use crate::fusion::service::gateway::Gateway;
use crate::fusion::service::links::{self, Done};
use crate::fusion::store::links::{Link, Use, uses_of};

/// Uses that the page shows.
const USES: i64 = 20;

#[derive(Template)]
#[template(path = "fusion/me.html")]
struct MyPage {
    p: Page,
    open: Vec<(Link, Scheme)>,
    ended: Vec<(Link, Scheme)>,
    uses: Vec<Use>,
    problem: Option<Problem>,
}

impl MyPage {
    fn item<'a>(&'a self, used: &'a Use) -> &'a str {
        let name = self.p.t(&used.item_zh, &used.item_en);
        if name.is_empty() { &used.item } else { name }
    }

    fn card(&self, used: &Use) -> &str {
        let known = self.open.iter().chain(&self.ended).find(|(_, s)| s.id == used.scheme);
        known.map_or("", |(_, scheme)| self.p.text(&scheme.name))
    }

    fn why(&self, used: &Use) -> String {
        let no = NotOpened::ALL.into_iter().find(|no| no.code() == used.result);
        no.map(|no| self.p.text(&no.reason()).to_owned()).unwrap_or_default()
    }
}

async fn page(
    app: &App,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let today = Utc::now().day();
    let counts =
        |link: &Link| link.ended_at.is_none() && link.until.is_none_or(|until| until >= today);
    let all = links::own(app, actor).await?;
    let (open, ended) = all.into_iter().partition(|(link, _)| counts(link));
    let uses = app.db.read(move |tx| Ok::<_, Problem>(uses_of(tx, person, USES)?)).await?;
    let status = problem.as_ref().map(|problem| problem.status);
    with_problem(render(&MyPage { p, open, ended, uses, problem }), status)
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    page(&app, &actor, p, None).await
}

#[derive(Deserialize)]
pub(super) struct Shown {
    code: String,
}

pub(super) async fn link(
    State(app): State<App>,
    Extension(gateway): Extension<Arc<Gateway>>,
    actor: Actor,
    p: Page,
    Form(shown): Form<Shown>,
) -> Result<Response, Problem> {
    match links::link_by_code(&gateway, &actor, &shown.code).await {
        Ok(done) => {
            let text = match done {
                Done::Known => Text::new("该卡（码）此前已关联", "This card was linked before"),
                _ => Text::new("关联成功", "The card is linked now"),
            };
            page(&app, &actor, p.with_flash("ok", text), None).await
        }
        Err(problem) if problem.status < 500 => page(&app, &actor, p, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
pub(super) struct Ended {
    id: String,
}

pub(super) async fn end(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Ended>,
) -> Result<Response, Problem> {
    match links::end_own(&app, &actor, id_of(&form.id)?).await {
        Ok(()) => {
            let text = Text::new("已解除关联", "The link has ended");
            page(&app, &actor, p.with_flash("ok", text), None).await
        }
        Err(problem) if problem.status < 500 => page(&app, &actor, p, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}
