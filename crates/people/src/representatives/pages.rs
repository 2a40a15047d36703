//! Representatives at the desk.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::rules::{Act, Representative};
use super::service::{self, NewRepresentative};
use crate::api::DESK;
use crate::document::DocumentKind;
use crate::evidence;
use crate::show::{after, parse, proofs};

pub(crate) fn routes() -> Routes {
    let path = "/desk/people/{person}/representatives";
    Routes::new("people").page(Method::GET, path, DESK, &[12], list).page(
        Method::POST,
        path,
        DESK,
        &[12],
        act,
    )
}

#[derive(Template)]
#[template(path = "representatives.html")]
struct RepresentativesPage {
    p: Page,
    problem: Option<Problem>,
    tab: &'static str,
    id: String,
    known: Vec<Representative>,
    acts: Vec<Act>,
    documents: Vec<DocumentKind>,
    proofs: Vec<(String, String)>,
}

impl RepresentativesPage {
    fn scope(&self, one: &Representative) -> String {
        let names: Vec<String> =
            one.scope.iter().map(|act| self.p.text(&act.name()).to_owned()).collect();
        names.join(self.p.t("、", ", "))
    }

    fn holds(&self, one: &Representative) -> bool {
        one.holds_on(Utc::now().day())
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let known = service::list(app, actor, id).await?;
    let evidence = evidence::service::list(app, actor, id).await?;
    let proofs = proofs(&p, &evidence);
    render(&RepresentativesPage {
        p,
        problem,
        tab: "representatives",
        id: id.to_string(),
        known,
        acts: Act::ALL.to_vec(),
        documents: DocumentKind::ALL.to_vec(),
        proofs,
    })
}

async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&app, &actor, p, parse(&id)?, None).await
}

/// The form as sent; ticked boxes are `scope.CODE`.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    end: String,
    #[serde(flatten)]
    fields: BTreeMap<String, String>,
}

impl Sent {
    fn read(mut self) -> NewRepresentative {
        let ticked = self.fields.keys().filter_map(|name| name.strip_prefix("scope."));
        let scope = ticked.collect::<Vec<_>>().join(",");
        let mut take = |name: &str| self.fields.remove(name).unwrap_or_default();
        NewRepresentative {
            kind: take("kind"),
            relation: take("relation"),
            name: take("name"),
            number: take("number"),
            document: take("document"),
            phone: take("phone"),
            evidence: take("evidence"),
            from: take("from"),
            until: take("until"),
            scope,
        }
    }
}

async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let done = match sent.end.is_empty() {
        true => service::enter(&app, &actor, id, sent.read()).await.map(drop),
        false => service::end(&app, &actor, id, parse(&sent.end)?).await,
    };
    let next = format!("/desk/people/{id}/representatives");
    after(done, &next, |problem| show(&app, &actor, p, id, Some(problem))).await
}
