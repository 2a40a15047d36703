//! Orders to erase the content of an entry: one official asks with the ground, another decides, and what
//! was decided is carried out in the same transaction (PIPL Art. 47).

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::erase::{self, ORDERED, Refused};
use super::{Entry, Stored, record};
use crate::actor::{Access, Actor, Role};
use crate::approval::{self, Approval};
use crate::db::{DbError, Row, Tx, v};
use crate::http::{Form, Page, Routes, render};
use crate::id::Id;
use crate::law::Text;
use crate::platform::{App, Platform};
use crate::problem::Problem;
use crate::time::Utc;
use crate::work;

const APPROVAL: &str = "journal.erase";
const MAKERS: &[Role] = &[Role::MunicipalOfficer];
const CHECKERS: &[Role] = &[Role::MunicipalApprover];
const READERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
const PATH: &str = "/office/journal/erasures";

pub(super) fn routes() -> Routes {
    let to = Access::Roles;
    Routes::new("kernel")
        .page(Method::GET, PATH, to(READERS), &[19], list)
        .page(Method::POST, PATH, to(MAKERS), &[19], order)
        .page(Method::POST, "/office/journal/erasures/decide", to(CHECKERS), &[19, 25], check)
        .nav(READERS, PATH, Text::new("记录删除令", "Erasure orders"), None)
        .work(
            CHECKERS,
            PATH,
            Text::new("记录删除审批", "Erasures to decide"),
            |tx, actor, _| work::decisions(tx, actor, &[APPROVAL]),
        )
}

/// Asks that the content of an entry be erased.
///
/// # Errors
/// [`Refused`], or an order about it waits already.
pub async fn ask(app: &Platform, maker: &Actor, entry: Id, ground: &str) -> Result<Id, Problem> {
    let ground: String = ground.trim().chars().take(300).collect();
    if ground.is_empty() {
        return Err(Refused::NoGround.into());
    }
    let (id, now, who) = (app.id(), Utc::now(), maker.clone());
    let asked = Entry::new(app.id(), now, maker, "journal.erasure-asked", "PIPL Art. 47");
    app.db
        .write(move |tx| {
            erase::check(tx, entry)?;
            let object = format!("entry:{entry}");
            approval::ask(tx, id, &who, APPROVAL, &object, &ground, now).map_err(|error| {
                match error {
                    DbError::Unique(_) => Refused::Asked.into(),
                    other => Problem::from(other),
                }
            })?;
            record(tx, &asked.clone().on("entry", entry).why(&ground, &[]))?;
            Ok(id)
        })
        .await
}

/// Another official decides; a confirmed order is carried out at once.
///
/// # Errors
/// It is his own, decided already, or the entry cannot be erased.
pub async fn decide(app: &Platform, checker: &Actor, id: Id, yes: bool) -> Result<(), Problem> {
    let (now, order, who) = (Utc::now(), app.id(), checker.clone());
    let back = Entry::new(app.id(), now, checker, "journal.erasure-sent-back", "PIPL Art. 47");
    app.db
        .write(move |tx| {
            let approval = approval::decide(tx, id, &who, yes, "", now)?;
            let entry = entry_of(&approval).ok_or_else(Problem::not_found)?;
            match yes {
                true => erase::erase(tx, entry, &approval.summary, &who, order, now),
                false => Ok(record(tx, &back.clone().on("entry", entry))?),
            }
        })
        .await
}

fn entry_of(approval: &Approval) -> Option<Id> {
    let id = approval.object.strip_prefix("entry:").filter(|_| approval.kind == APPROVAL);
    id.and_then(|id| id.parse().ok())
}

/// What was erased, from the order that stays.
struct Erased {
    order: Stored,
    ground: String,
}

/// What waits, with what may be seen of the entry: neither who nor whose.
struct Waits {
    approval: Approval,
    at: Option<Utc>,
    act: String,
}

#[derive(Template)]
#[template(path = "journal_erasures.html")]
struct ErasuresPage {
    p: Page,
    waits: Vec<Waits>,
    erased: Vec<Erased>,
    maker: bool,
    checker: bool,
    reader: Id,
    problem: Option<Problem>,
}

fn waiting(tx: &mut Tx<'_>) -> Result<Vec<Waits>, DbError> {
    let mut all = Vec::new();
    for approval in approval::open(tx, APPROVAL)? {
        let sql = "SELECT at, act FROM journal_entry WHERE id = $1";
        let row = match entry_of(&approval) {
            Some(id) => tx.optional(sql, &[v(id)])?,
            None => None,
        };
        let (at, act) = match row {
            Some(row) => (Some(row.get(0)?), row.get(1)?),
            None => (None, String::new()),
        };
        all.push(Waits { approval, at, act });
    }
    Ok(all)
}

fn erased(tx: &mut Tx<'_>) -> Result<Vec<Erased>, DbError> {
    let columns: Vec<String> =
        super::COLUMNS.split(',').map(|column| format!("o.{}", column.trim())).collect();
    let sql = format!(
        "SELECT {}, e.ground FROM journal_erasure e JOIN journal_entry o ON o.id = e.order_id
         WHERE o.act = '{ORDERED}' ORDER BY e.order_id DESC LIMIT 100",
        columns.join(", ")
    );
    let read = |row: &Row| Ok(Erased { order: Stored::read(row)?, ground: row.get(super::WIDTH)? });
    tx.query(&sql, &[])?.iter().map(read).collect()
}

async fn page(
    app: &App,
    p: Page,
    actor: &Actor,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (waits, erased) = app.db.read(|tx| Ok::<_, Problem>((waiting(tx)?, erased(tx)?))).await?;
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let page = ErasuresPage {
        p,
        waits,
        erased,
        maker: MAKERS.contains(&actor.role),
        checker: CHECKERS.contains(&actor.role),
        reader: actor.account,
        problem,
    };
    let status = StatusCode::from_u16(status).unwrap_or_default();
    Ok((status, render(&page)?).into_response())
}

async fn answered(
    app: &App,
    p: Page,
    actor: &Actor,
    done: Result<(), Problem>,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(axum::response::Redirect::to(PATH).into_response()),
        Err(problem) if problem.status < 500 => page(app, p, actor, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

async fn list(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    page(&app, p, &actor, None).await
}

#[derive(Deserialize)]
struct Order {
    entry: String,
    ground: String,
}

async fn order(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Order>,
) -> Result<Response, Problem> {
    let done = match form.entry.trim().parse() {
        Ok(entry) => ask(&app, &actor, entry, &form.ground).await.map(drop),
        Err(_) => Err(Refused::Unknown.into()),
    };
    answered(&app, p, &actor, done).await
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    decision: String,
}

async fn check(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let id = form.id.parse().map_err(|_| Problem::not_found())?;
    let done = decide(&app, &actor, id, form.decision == "yes").await;
    answered(&app, p, &actor, done).await
}
