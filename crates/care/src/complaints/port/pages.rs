//! The job, and the page on which a person sees what hotlines say differently the second time.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Routes, render};
use kernel::jobs::Round;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::store::Contradiction;
use super::{Order, config, service};
use crate::complaints::rules::Refused;

const AUTHORITY: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover];
const PATH: &str = "/office/complaints/orders";

pub(crate) fn routes() -> Routes {
    let to = Access::Roles;
    Routes::new("care")
        .page(Method::GET, PATH, to(AUTHORITY), &[22], list)
        .page(Method::POST, PATH, to(AUTHORITY), &[22], settle)
        .nav(AUTHORITY, PATH, Text::new("热线工单核对", "Work orders that contradict"), None)
}

/// One round with each hotline that is connected. One that fails does not hold up the others.
pub fn job(app: App) -> Round {
    Box::pin(async move {
        let data = app.config.data.clone();
        let opened = tokio::task::spawn_blocking(move || config::open(&data)).await;
        let bad = |fault: String| Problem::from(kernel::db::DbError::Unavailable(fault));
        let opened = opened.map_err(|error| bad(error.to_string()))?.map_err(bad)?;
        let (mut said, mut failed) = (Vec::new(), None);
        for (channel, port) in opened {
            match service::round(&app, channel, port, Utc::now()).await {
                Ok(words) => said.push(words),
                Err(problem) => failed = Some(problem),
            }
        }
        failed.map_or_else(|| Ok(said.join("; ")), Err)
    })
}

/// A field as it was and as it came later.
struct Differs(&'static str, &'static str, String, String);

fn differences(seen: &Contradiction) -> Vec<Differs> {
    let read = |text: &str| serde_json::from_str::<Order>(text).unwrap_or_default();
    let (a, b) = (read(&seen.before), read(&seen.after));
    let all = [
        Differs("来电人", "Caller", a.caller, b.caller),
        Differs("联系电话", "Phone", a.phone, b.phone),
        Differs("诉求内容", "Text", a.content, b.content),
        Differs("事项分类", "Class", a.topic, b.topic),
        Differs("区域", "Place", a.area, b.area),
        Differs("受理时间", "Taken at", a.received_at, b.received_at),
        Differs("办理时限", "Due", a.due_on, b.due_on),
    ];
    all.into_iter().filter(|field| field.2 != field.3).collect()
}

#[derive(Template)]
#[template(path = "complaints_orders.html")]
struct ListPage {
    p: Page,
    found: Vec<(Contradiction, Vec<Differs>)>,
}

async fn list(Shared(app): Shared<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let found = service::contradictions(&app, &actor).await?;
    let found = found.into_iter().map(|seen| (differences(&seen), seen)).map(|(d, s)| (s, d));
    render(&ListPage { p, found: found.collect() })
}

#[derive(Deserialize)]
struct SettleForm {
    id: String,
    #[serde(default)]
    note: String,
}

async fn settle(
    Shared(app): Shared<App>,
    actor: Actor,
    Form(form): Form<SettleForm>,
) -> Result<Response, Problem> {
    let id = form.id.parse().map_err(|_| Refused::Unknown)?;
    service::settle(&app, &actor, id, form.note).await?;
    Ok(Redirect::to(PATH).into_response())
}
