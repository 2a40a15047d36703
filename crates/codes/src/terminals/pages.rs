//! The owner's and the authority's page of terminals.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use items::rules::{Channel, Word as _};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::service::{self, Looked};
use super::store::Alarm;
use crate::service::NewTerminal;

const OWNERS: &[Role] = &[
    Role::OutletManager,
    Role::DepartmentOfficer,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
];

pub(super) fn routes() -> Routes {
    let (path, access) = ("/office/terminals", Access::Roles(OWNERS));
    Routes::new("codes")
        .page(Method::GET, path, access, &[15, 20], list)
        .page(Method::POST, path, access, &[15, 20], act)
        .nav(OWNERS, path, Text::new("终端", "Terminals"), None)
}

#[derive(Template)]
#[template(path = "terminals.html")]
struct TerminalsPage {
    p: Page,
    terminals: Vec<Looked>,
    alarms: Vec<Alarm>,
    sick: usize,
    /// An enrolment code, shown this once.
    code: Option<String>,
    problem: Option<Problem>,
}

impl TerminalsPage {
    fn age(&self, looked: &Looked) -> String {
        looked.list_age_s.map_or_else(|| "—".to_owned(), |s| format!("{s} {}", self.p.t("秒", "s")))
    }

    fn kind(&self, alarm: &Alarm) -> &str {
        match alarm.kind.as_str() {
            "double-use" => self.p.t("同一卡码重复使用", "One code used twice"),
            _ => self.p.t("离线放行未通过复核", "An offline yes that does not hold"),
        }
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    code: Option<String>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (mut terminals, alarms) = service::look(app, actor).await?;
    terminals.sort_by_key(|looked| looked.sick.is_empty() && !looked.terminal.blocked);
    let sick = terminals.iter().filter(|looked| !looked.sick.is_empty()).count();
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let page = render(&TerminalsPage { p, terminals, alarms, sick, code, problem })?;
    Ok((StatusCode::from_u16(status).unwrap_or_default(), page).into_response())
}

async fn list(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    show(&app, &actor, p, None, None).await
}

#[derive(Default, Deserialize)]
struct Asked {
    act: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    items: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    operator: String,
    #[serde(default)]
    why: String,
}

async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    match carry_out(&app, &actor, &asked).await {
        Ok(Some(code)) => show(&app, &actor, p, Some(code), None).await,
        Ok(None) => Ok(Redirect::to("/office/terminals").into_response()),
        Err(problem) if problem.status < 500 => show(&app, &actor, p, None, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

async fn carry_out(app: &App, actor: &Actor, asked: &Asked) -> Result<Option<String>, Problem> {
    let id = || asked.id.parse().map_err(|_| Problem::not_found());
    match asked.act.as_str() {
        "new" => {
            let new = read(actor, asked)?;
            Ok(Some(service::register(app, actor, new, &asked.operator).await?.1))
        }
        "code" => Ok(Some(service::new_code(app, actor, id()?, &asked.operator).await?)),
        "block" => service::set_blocked(app, actor, id()?, true, &asked.why).await.map(|()| None),
        "unblock" => {
            service::set_blocked(app, actor, id()?, false, &asked.why).await.map(|()| None)
        }
        "close" => service::close_alarm(app, actor, id()?, &asked.why).await.map(|()| None),
        _ => Err(Problem::not_found()),
    }
}

fn read(actor: &Actor, asked: &Asked) -> Result<NewTerminal, Problem> {
    let wrong = |field: &str, zh: &str, en: &str| Problem::field(field, Text::new(zh, en));
    let place = asked.place.trim().to_owned();
    if !(1..=80).contains(&place.chars().count()) {
        return Err(wrong("place", "请填写终端位置（80字以内）", "Where it stands"));
    }
    let codes = asked.items.split([',', '\u{ff0c}', ' ', '\n', '\r']).map(str::trim);
    let items: Vec<String> = codes.filter(|code| !code.is_empty()).map(str::to_owned).collect();
    let plain = |code: &String| {
        code.len() <= 40 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if items.is_empty() || items.len() > 200 || !items.iter().all(plain) {
        return Err(wrong("items", "请填写1至200个事项编码", "Between 1 and 200 item codes"));
    }
    let channel = Channel::from_code(&asked.channel);
    if channel.is_none() {
        return Err(wrong("channel", "请选择终端类型", "Choose the kind"));
    }
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let division = match asked.division.trim() {
        "" => actor.division.clone(),
        other => other.to_owned(),
    };
    Ok(NewTerminal { org, place, items, channel, division })
}
