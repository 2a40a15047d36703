//! The registration form for the printer and its signature.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::print;
use super::service::{self, ASSISTED, Fields, SignedForm, Signing, TEXT_VERSION};
use crate::api::DESK;
use crate::evidence;
use crate::show::{after, parse, proofs};

pub(crate) fn routes() -> Routes {
    let path = "/desk/people/{person}/form";
    Routes::new("people").page(Method::GET, path, DESK, &[12, 15], open).page(
        Method::POST,
        path,
        DESK,
        &[12, 15],
        sign,
    )
}

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage {
    p: Page,
    problem: Option<Problem>,
    id: String,
    large: bool,
    fields: Fields,
    version: String,
    signed: Option<SignedForm>,
    forms: Vec<SignedForm>,
    assisted: [(&'static str, &'static str, &'static str); 4],
    proofs: Vec<(String, String)>,
}

impl FormPage {
    fn lines(&self) -> Vec<print::Line> {
        print::lines(&self.fields)
    }
}

#[derive(Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    large: String,
    #[serde(default)]
    form: String,
}

async fn show(
    app: &App,
    actor: &Actor,
    mut p: Page,
    id: Id,
    wanted: Wanted,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (person, forms) = service::open(app, actor, id).await?;
    let evidence = evidence::service::list(app, actor, id).await?;
    let proofs = proofs(&p, &evidence);
    let signed = forms.iter().find(|form| form.id.to_string() == wanted.form).cloned();
    let fields = signed.as_ref().map_or_else(|| Fields::of(&person), |form| form.fields.clone());
    let version = signed.as_ref().map_or(TEXT_VERSION, |form| form.text_version.as_str());
    let (version, large) = (version.to_owned(), wanted.large == "1");
    // Large print is the layout of elder mode, on paper too.
    p.elder |= large;
    render(&FormPage {
        p,
        problem,
        id: person.id.to_string(),
        large,
        fields,
        version,
        signed,
        forms,
        assisted: ASSISTED,
        proofs,
    })
}

async fn open(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    show(&app, &actor, p, parse(&id)?, wanted, None).await
}

async fn sign(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Signing>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let done = service::sign(&app, &actor, id, form).await;
    let signed = done.as_ref().map(|form| form.id.to_string()).unwrap_or_default();
    let next = format!("/desk/people/{id}/form?form={signed}");
    let again = |problem| show(&app, &actor, p, id, Wanted::default(), Some(problem));
    after(done, &next, again).await
}
