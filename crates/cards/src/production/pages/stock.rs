//! Blank cards of the clerk's outlet.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Query, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::{Done, number, parse};
use crate::production::rules::stock::Movement;
use crate::production::service::stock::{self as service, Stock};
use crate::production::store as common;

#[derive(Template)]
#[template(path = "production_stock.html")]
struct StockPage {
    p: Page,
    tab: &'static str,
    desk: bool,
    stock: Stock,
    outlets: Vec<(Id, Text, String)>,
    names: HashMap<Id, (Text, String)>,
    reader: Id,
    problem: Option<Problem>,
}

impl StockPage {
    fn name(&self, id: &Id) -> &str {
        self.names.get(id).map_or("—", |(name, _)| self.p.text(name))
    }

    fn kind(&self, kind: &Movement) -> String {
        self.p.text(&kind.name()).to_owned()
    }

    fn signed(&self, delta: &i64) -> String {
        format!("{delta:+}")
    }

    fn is_mine(&self, to: &Id) -> bool {
        *to == self.stock.outlet
    }
}

async fn page(
    app: &App,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<StockPage, Problem> {
    let outlet = actor.org.ok_or_else(Problem::forbidden)?;
    let reader = actor.account;
    app.db
        .read(move |tx| {
            let stock = service::look(tx, outlet, Utc::now())?;
            let others = stock.transfers.iter().flat_map(|t| [t.from, t.to]);
            let names = common::org_names(tx, others.collect::<Vec<_>>())?;
            let mut outlets = common::orgs(tx, "outlet")?;
            outlets.retain(|(id, ..)| *id != outlet);
            let (p, problem) = (p.clone(), problem.clone());
            Ok(StockPage { p, tab: "stock", desk: true, stock, outlets, names, reader, problem })
        })
        .await
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let p = match done.done.as_str() {
        "yes" => p.with_flash("ok", Text::new("已登记", "Recorded")),
        _ => p,
    };
    render(&page(&app, &actor, p, None).await?)
}

#[derive(Deserialize)]
pub(super) struct Act {
    act: String,
    #[serde(default)]
    count: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    id: String,
}

async fn carry_out(app: &App, actor: &Actor, form: &Act) -> Result<(), Problem> {
    let count = || number("count", &form.count);
    match form.act.as_str() {
        "send" => service::send(app, actor, parse(&form.to)?, count()?).await.map(drop),
        "confirm" => service::confirm(app, actor, parse(&form.id)?, count()?, &form.note).await,
        "count" => service::count(app, actor, count()?, &form.note).await,
        "agree" => service::check(app, actor, true).await,
        "disagree" => service::check(app, actor, false).await,
        kind => {
            let kind = Movement::from_code(kind).ok_or_else(Problem::not_found)?;
            service::enter(app, actor, kind, count()?, &form.note).await.map(drop)
        }
    }
}

pub(super) async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Act>,
) -> Result<Response, Problem> {
    match carry_out(&app, &actor, &form).await {
        Ok(()) => Ok(Redirect::to("/desk/production/stock?done=yes").into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = page(&app, &actor, p, Some(problem)).await?;
            Ok((status, render(&page)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
