//! Lists of batches, and gathering a new one.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::divisions::{Division, Region, children};
use kernel::http::{Form, Page, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use serde::Deserialize;

use super::parse;
use crate::production::LOW_STOCK;
use crate::production::rules::LineState;
use crate::production::service::batches::{self as service, Scope};
use crate::production::service::reach;
use crate::production::store::batches::{self as store, Batch, OrderedBy, Reach};
use crate::production::store::{self as common, stock};

/// How many lines of a batch stand where, for one line of a list.
#[derive(Default)]
struct Sum {
    done: i64,
    under_way: i64,
    trouble: i64,
}

#[derive(Template)]
#[template(path = "production.html")]
struct ListPage {
    p: Page,
    tab: &'static str,
    desk: bool,
    batches: Vec<Batch>,
    sums: HashMap<Id, Sum>,
    waiting: usize,
    overdue: usize,
    balance: Option<i64>,
    low: Vec<(Id, i64)>,
    banks: Vec<(Id, Text, String)>,
    divisions: Vec<&'static Division>,
    outlets: Vec<(Id, Text, String)>,
    now: Utc,
}

impl ListPage {
    fn outlet(&self, id: &Id) -> &str {
        let found = self.outlets.iter().find(|(outlet, ..)| outlet == id);
        found.map_or("—", |(_, name, _)| self.p.text(name))
    }

    fn sum(&self, batch: &Batch) -> &Sum {
        const NONE: &Sum = &Sum { done: 0, under_way: 0, trouble: 0 };
        self.sums.get(&batch.id).unwrap_or(NONE)
    }
}

/// Outlets of an officer that run out of blanks.
fn low_outlets(
    tx: &mut Tx<'_>,
    reach: &Reach,
    mine: &[Id],
    now: Utc,
) -> Result<Vec<(Id, i64)>, Problem> {
    if matches!(reach, Reach::Outlet(_)) {
        return Ok(Vec::new());
    }
    let least = settings::get(tx, &LOW_STOCK, now)?;
    let balances: HashMap<Id, i64> = stock::balances(tx)?.into_iter().collect();
    let balance = |outlet: &Id| (*outlet, balances.get(outlet).copied().unwrap_or_default());
    Ok(mine.iter().map(balance).filter(|(_, balance)| *balance < least).take(50).collect())
}

fn sums(states: Vec<(Id, LineState, i64)>) -> HashMap<Id, Sum> {
    let mut sums: HashMap<Id, Sum> = HashMap::new();
    for (batch, state, count) in states {
        let sum = sums.entry(batch).or_default();
        match state {
            LineState::Done => sum.done += count,
            LineState::Failed | LineState::Spoiled => sum.trouble += count,
            state if state.is_under_way() => sum.under_way += count,
            _ => {}
        }
    }
    sums
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let reach = reach(&actor)?;
    let (role, now) = (actor.role, Utc::now());
    let desk = matches!(role, Role::Clerk | Role::OutletManager);
    let page = app
        .db
        .read(move |tx| {
            let outlets = common::orgs(tx, "outlet")?;
            let mine: Vec<Id> = match &reach {
                Reach::Outlet(outlet) => vec![*outlet],
                Reach::Division(of) => {
                    outlets.iter().filter(|(.., d)| d == of).map(|(id, ..)| *id).collect()
                }
                _ => outlets.iter().map(|(id, ..)| *id).collect(),
            };
            let batches = store::list(tx, &reach, 100)?;
            let ids: Vec<Id> = batches.iter().map(|batch| batch.id).collect();
            let balance = match &reach {
                Reach::Outlet(outlet) => Some(stock::balance(tx, *outlet)?),
                _ => None,
            };
            Ok::<_, Problem>(ListPage {
                p: p.clone(),
                tab: "batches",
                desk,
                sums: sums(store::states(tx, &ids)?),
                waiting: store::ordered(tx, OrderedBy::Outlet, &mine, 10_000)?.len(),
                overdue: store::overdue(tx, &reach, now)?.len(),
                balance,
                low: low_outlets(tx, &reach, &mine, now)?,
                banks: common::orgs(tx, "bank")?,
                divisions: match role {
                    Role::MunicipalOfficer => children(Region::Chongqing, now.day()).collect(),
                    _ => Vec::new(),
                },
                outlets: outlets.into_iter().filter(|(id, ..)| mine.contains(id)).collect(),
                batches,
                now,
            })
        })
        .await?;
    render(&page)
}

#[derive(Deserialize)]
pub(super) struct GatherForm {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    numbers: String,
    #[serde(default)]
    bank: String,
}

impl GatherForm {
    fn scope(&self, actor: &Actor) -> Result<Scope, Problem> {
        match self.scope.as_str() {
            "outlet" if self.outlet.is_empty() => {
                Ok(Scope::Outlet(actor.org.ok_or_else(Problem::forbidden)?))
            }
            "outlet" => Ok(Scope::Outlet(parse(&self.outlet)?)),
            "district" if self.division.trim().is_empty() => {
                Ok(Scope::District(actor.division.clone()))
            }
            "district" => Ok(Scope::District(self.division.trim().to_owned())),
            "unit" => {
                let numbers: Vec<String> =
                    self.numbers.split_whitespace().map(str::to_owned).collect();
                Ok(Scope::Unit { name: self.name.clone(), numbers })
            }
            _ => {
                let text = Text::new("请选择制卡范围", "Choose which cards to gather");
                Err(Problem::field("scope", text))
            }
        }
    }
}

pub(super) async fn gather(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<GatherForm>,
) -> Result<Response, Problem> {
    let bank = match form.bank.as_str() {
        "" => None,
        id => Some(parse(id)?),
    };
    let batch = service::gather(&app, &actor, form.scope(&actor)?, bank).await?;
    let missing = match form.scope.as_str() {
        "unit" => form.numbers.split_whitespace().count() as i64 - batch.lines,
        _ => 0,
    };
    let to = format!("/desk/production/batches/{}?done=gathered-{missing}", batch.id);
    Ok(Redirect::to(&to).into_response())
}

#[derive(Template)]
#[template(path = "production_overdue.html")]
struct OverduePage {
    p: Page,
    tab: &'static str,
    desk: bool,
    batches: Vec<Batch>,
    now: Utc,
}

impl OverduePage {
    fn days(&self, batch: &Batch) -> i64 {
        (self.now.0 - batch.due_at.0) / Utc::DAY + 1
    }
}

pub(super) async fn overdue(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let (reach, now) = (reach(&actor)?, Utc::now());
    let desk = matches!(reach, Reach::Outlet(_));
    let batches = app.db.read(move |tx| store::overdue(tx, &reach, now)).await?;
    render(&OverduePage { p, tab: "overdue", desk, batches, now })
}
