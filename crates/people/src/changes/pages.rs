//! Changes of number and name at the desk, with the history.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::rules::{REASONS, reason_name};
use super::service::{self, NameChange, NumberChange};
use super::store::{KnownNumber, Line};
use crate::api::DESK;
use crate::document::DocumentKind;
use crate::evidence;
use crate::rules::Person;
use crate::show::{after, parse, proofs};

pub(crate) fn routes() -> Routes {
    let path = "/desk/people/{person}/changes";
    Routes::new("people").page(Method::GET, path, DESK, &[12, 19], list).page(
        Method::POST,
        path,
        DESK,
        &[12],
        act,
    )
}

#[derive(Template)]
#[template(path = "changes.html")]
struct ChangesPage {
    p: Page,
    problem: Option<Problem>,
    tab: &'static str,
    id: String,
    person: Person,
    numbers: Vec<KnownNumber>,
    history: Vec<Line>,
    reasons: [(&'static str, &'static str, &'static str); 5],
    documents: Vec<DocumentKind>,
    proofs: Vec<(String, String)>,
}

impl ChangesPage {
    fn reason(&self, code: &str) -> String {
        self.p.text(&reason_name(code)).to_owned()
    }

    fn field(&self, code: &str) -> &str {
        let (zh, en) = match code {
            "number" => ("社会保障号码", "Number"),
            "document" => ("证件类型", "Document"),
            "name" => ("姓名", "Name"),
            "birth" => ("出生日期", "Birth date"),
            "sex" => ("性别", "Sex"),
            _ => ("合并", "Merge"),
        };
        self.p.t(zh, en)
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (person, numbers, history) = service::story(app, actor, id).await?;
    let evidence = evidence::service::list(app, actor, id).await?;
    let proofs = proofs(&p, &evidence);
    render(&ChangesPage {
        p,
        problem,
        tab: "changes",
        id: person.id.to_string(),
        person,
        numbers,
        history,
        reasons: REASONS,
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

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    number: String,
    #[serde(default)]
    document: String,
    #[serde(default)]
    name: String,
    reason: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    evidence: String,
}

async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let Sent { number, document, name, reason, from, evidence } = sent;
    let done = match number.is_empty() {
        true => {
            let form = NameChange { name, reason, from, evidence };
            service::change_name(&app, &actor, id, form).await
        }
        false => {
            let form = NumberChange { number, document, reason, from, evidence };
            service::change_number(&app, &actor, id, form).await
        }
    };
    let next = format!("/desk/people/{id}/changes");
    after(done, &next, |problem| show(&app, &actor, p, id, Some(problem))).await
}
