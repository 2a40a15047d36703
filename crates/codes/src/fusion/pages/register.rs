//! The form that registers a card or code, with its overlaps before it is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use items::rules::{Area, Function, Group, Word as _};
use kernel::actor::Actor;
use kernel::http::{Form, Page, render};
use kernel::platform::App;
use kernel::problem::Problem;
use people::field::Field;
use serde::Deserialize;

use super::{facts, grade_word, names, with_problem};
use crate::fusion::rules::{Form as Shape, Kind, Overlap};
use crate::fusion::service::gateway::Gateway;
use crate::fusion::service::schemes::{self, NewScheme};

#[derive(Default, Deserialize)]
pub(super) struct Typed {
    code: String,
    kind: String,
    form: String,
    name_zh: String,
    #[serde(default)]
    name_en: String,
    issuer: String,
    purpose_zh: String,
    #[serde(default)]
    purpose_en: String,
    area: String,
    #[serde(default)]
    items: String,
    basis: String,
    #[serde(default)]
    national: String,
    #[serde(default)]
    national_basis: String,
    #[serde(default)]
    holders: String,
    technical: String,
    started_on: String,
    #[serde(default)]
    act: String,
    /// `function.CODE`, `group.CODE`, `field.CODE` of each ticked box, and what else the form carries.
    #[serde(flatten)]
    ticked: BTreeMap<String, String>,
}

impl Typed {
    fn has(&self, kind: &str, code: &str) -> bool {
        self.ticked.contains_key(&format!("{kind}.{code}"))
    }

    fn codes(&self, kind: &str) -> String {
        let prefix = format!("{kind}.");
        let ticked = self.ticked.keys().filter_map(|name| name.strip_prefix(&prefix));
        ticked.collect::<Vec<_>>().join(",")
    }

    fn meant(&self) -> NewScheme {
        NewScheme {
            code: self.code.clone(),
            kind: self.kind.clone(),
            form: self.form.clone(),
            name_zh: self.name_zh.clone(),
            name_en: self.name_en.clone(),
            issuer: self.issuer.clone(),
            purpose_zh: self.purpose_zh.clone(),
            purpose_en: self.purpose_en.clone(),
            area: self.area.clone(),
            functions: self.codes("function"),
            groups: self.codes("group"),
            fields: self.codes("field"),
            items: self.items.clone(),
            basis: self.basis.clone(),
            national: !self.national.is_empty(),
            national_basis: self.national_basis.clone(),
            holders: self.holders.trim().parse().unwrap_or(-1),
            technical: self.technical.clone(),
            started_on: self.started_on.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "fusion/register.html")]
struct RegisterPage {
    p: Page,
    form: Typed,
    overlaps: Option<Vec<Overlap>>,
    problem: Option<Problem>,
}

fn page(
    p: Page,
    form: Typed,
    overlaps: Option<Vec<Overlap>>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let status = problem.as_ref().map(|problem| problem.status);
    with_problem(render(&RegisterPage { p, form, overlaps, problem }), status)
}

pub(super) async fn form(p: Page) -> Result<Response, Problem> {
    page(p, Typed::default(), None, None)
}

pub(super) async fn send(
    State(app): State<App>,
    Extension(gateway): Extension<Arc<Gateway>>,
    actor: Actor,
    p: Page,
    Form(form): Form<Typed>,
) -> Result<Response, Problem> {
    let (new, catalogue) = (form.meant(), gateway.catalogue());
    if form.act == "check" {
        return match schemes::preview(&app, catalogue, &actor, &new).await {
            Ok((overlaps, problem)) => page(p, form, Some(overlaps), problem),
            Err(problem) if problem.status < 500 => page(p, form, None, Some(problem)),
            Err(problem) => Err(problem),
        };
    }
    match schemes::register(&app, catalogue, &actor, &new).await {
        Ok(scheme) => Ok(Redirect::to(&format!("/office/fusion/{}", scheme.id)).into_response()),
        Err(problem) if problem.status < 500 => page(p, form, None, Some(problem)),
        Err(problem) => Err(problem),
    }
}
