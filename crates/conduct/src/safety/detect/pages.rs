//! Pages of alerts and rules.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Json, NoFields, Page, Path, Query, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};

use super::measure::{self, Measured};
use super::queue::{self, Record};
use super::rules::{Kind, Rule};
use super::store::Alert;
use crate::safety::id_of;

#[derive(Deserialize)]
pub(super) struct View {
    #[serde(default)]
    view: String,
}

#[derive(Template)]
#[template(path = "safety_alerts.html")]
struct ListPage {
    p: Page,
    alerts: Vec<Alert>,
    all: bool,
}

/// The disposition in a word, with its badge.
fn said(p: &Page, alert: &Alert) -> (&'static str, &'static str) {
    let (badge, zh, en) = match alert.disposition.as_str() {
        "open" => ("warn", "待处置", "Open"),
        "true" => ("bad", "属实", "True"),
        "false" => ("ok", "误报", "False"),
        _ => ("info", "不明", "Unclear"),
    };
    (badge, p.lang.pick(zh, en))
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let all = view.view == "all";
    let alerts = queue::list(&app, &actor, !all).await?;
    render(&ListPage { p, alerts, all })
}

#[derive(Template)]
#[template(path = "safety_alert.html")]
struct OnePage {
    p: Page,
    alert: Alert,
    handles: bool,
}

impl OnePage {
    fn freezes(&self) -> Option<Id> {
        self.alert.person.filter(|_| self.handles)
    }
}

pub(super) async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let alert = queue::one(&app, &actor, id_of(&id)?).await?;
    let officer = super::OFFICERS.contains(&actor.role);
    let handles = officer && queue::may_handle(&alert, &actor).is_ok();
    render(&OnePage { p, alert, handles })
}

pub(super) async fn take(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(_): Form<NoFields>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    queue::take(&app, &actor, id).await?;
    Ok(Redirect::to(&format!("/office/alerts/{id}")).into_response())
}

#[derive(Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    disposition: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn close(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Said>,
) -> Result<Response, Problem> {
    queue::close(&app, &actor, id_of(&id)?, &form.disposition, &form.note).await?;
    Ok(Redirect::to("/office/alerts").into_response())
}

#[derive(Template)]
#[template(path = "safety_rules.html")]
struct RulesPage {
    p: Page,
    rules: Vec<(Rule, Record, Measured)>,
    tunes: bool,
}

pub(super) async fn rules(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let known = queue::rules(&app).await?;
    let all: Vec<Rule> =
        known.iter().map(|(rule, _)| Rule { is_on: true, ..rule.clone() }).collect();
    // Pure work of some ten milliseconds, off the runtime's threads.
    let measured = tokio::task::spawn_blocking(move || measure::report(&all)).await;
    let measured = measured.map_err(|e| kernel::db::DbError::Engine(e.to_string()))?;
    let of = |kind: Kind| measured.iter().find(|one| one.kind == kind).copied();
    let rules = known
        .into_iter()
        .filter_map(|(rule, record)| of(rule.kind).map(|measured| (rule, record, measured)))
        .collect();
    render(&RulesPage { p, rules, tunes: super::CITY.contains(&actor.role) })
}

#[derive(Template)]
#[template(path = "safety_rule.html")]
struct RulePage {
    p: Page,
    rule: Rule,
    record: Record,
}

fn kind_of(code: &str) -> Result<Kind, Problem> {
    Kind::from_code(code).ok_or_else(Problem::not_found)
}

pub(super) async fn rule(
    State(app): State<App>,
    p: Page,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let kind = kind_of(&code)?;
    let known = queue::rules(&app).await?.into_iter().find(|(rule, _)| rule.kind == kind);
    let (rule, record) = known.ok_or_else(Problem::not_found)?;
    render(&RulePage { p, rule, record })
}

pub(super) async fn tune(
    State(app): State<App>,
    actor: Actor,
    Path(code): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let kind = kind_of(&code)?;
    let ticked = |name: &str| form.get(name).is_some_and(|value| value == "1");
    let number = |name: &str| form.get(name)?.trim().parse::<i64>().ok();
    let params =
        kind.params().iter().filter_map(|param| Some((param.0.to_owned(), number(param.0)?)));
    let switches = (ticked("on"), ticked("freeze"));
    queue::tune(&app, &actor, kind, switches, params.collect()).await?;
    Ok(Redirect::to("/office/alert-rules").into_response())
}

/// An alert.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AlertBody {
    #[schema(value_type = String)]
    id: Id,
    rule: &'static str,
    rule_version: i64,
    about: String,
    facts_zh: String,
    facts_en: String,
    division: String,
    at: String,
    times: i64,
    /// open, true, false, unclear.
    disposition: String,
}

/// Open alerts of the reader's area.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "safety",
    responses((status = 200, body = Vec<AlertBody>)))]
pub(super) async fn api_list(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<Vec<AlertBody>>, Problem> {
    let body = |alert: Alert| AlertBody {
        id: alert.id,
        rule: alert.kind.code(),
        rule_version: alert.rule_version,
        about: alert.about,
        facts_zh: alert.facts.zh,
        facts_en: alert.facts.en,
        division: alert.division,
        at: alert.at.rfc3339(),
        times: alert.times,
        disposition: alert.disposition,
    };
    let found = queue::list(&app, &actor, true).await?;
    Ok(Json(found.into_iter().map(body).collect()))
}
