//! The log's page: heads, witnesses, alarms for auditors; witnesses and watched logs are kept by
//! administrators.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::keep;
use super::store::{self, Alarm, WatchedLog, Witness};
use crate::actor::{Actor, Role};
use crate::db::{DbError, Row, Tx, v};
use crate::http::{Form, Page, render};
use crate::journal::{self, Entry, Figures};
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;

/// Rows of each list.
const MOST: i64 = 20;

struct HeadLine {
    size: i64,
    at: Utc,
    signatures: i64,
}

struct Lists {
    figures: Figures,
    waiting: i64,
    seconds_ago: i64,
    heads: Vec<HeadLine>,
    witnesses: Vec<Witness>,
    logs: Vec<WatchedLog>,
    alarms: Vec<Alarm>,
}

#[derive(Template)]
#[template(path = "journal_log.html")]
struct LogPage {
    p: Page,
    keeper: bool,
    lists: Lists,
    log_key: String,
    witness_key: String,
}

impl LogPage {
    /// Entries that the witness has not signed for.
    fn lag(&self, witness: &Witness) -> i64 {
        (self.lists.figures.signed - witness.size).max(0)
    }
}

pub(super) async fn look(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let failed = |error: seal::keystore::KeyError| DbError::Unavailable(error.to_string());
    let origin = &app.config.journal_origin;
    let log_key = app.keys.journal_key(origin).map_err(failed)?.to_text();
    let witness_key = super::key(&app.keys, origin).map_err(failed)?.to_text();
    let keeper = actor.role == Role::Administrator;
    let lists = app.db.read(move |tx| Ok::<_, Problem>(lists(tx)?)).await?;
    render(&LogPage { p, keeper, lists, log_key, witness_key })
}

fn lists(tx: &mut Tx<'_>) -> Result<Lists, DbError> {
    let (heads, now) = (heads(tx)?, Utc::now());
    let newest = heads.first().map(|head| head.at);
    Ok(Lists {
        figures: journal::figures(tx, now)?,
        waiting: tx.one("SELECT COUNT(*) FROM journal_pending", &[])?.get(0)?,
        seconds_ago: newest.map_or(0, |at| now.seconds() - at.seconds()),
        heads,
        witnesses: store::witnesses(tx)?,
        logs: store::logs(tx)?,
        alarms: store::alarms(tx, MOST)?,
    })
}

fn heads(tx: &mut Tx<'_>) -> Result<Vec<HeadLine>, DbError> {
    let sql = "SELECT h.size, h.at,
                      (SELECT COUNT(*) FROM journal_cosignature c WHERE c.size = h.size)
               FROM journal_head h ORDER BY h.size DESC LIMIT $1";
    let read =
        |row: &Row| Ok(HeadLine { size: row.get(0)?, at: row.get(1)?, signatures: row.get(2)? });
    tx.query(sql, &[v(MOST)])?.iter().map(read).collect()
}

#[derive(Deserialize)]
pub(super) struct NewWitness {
    key: String,
    url: String,
}

#[derive(Deserialize)]
pub(super) struct NewLog {
    key: String,
}

#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
}

fn back() -> Response {
    Redirect::to("/office/journal/log").into_response()
}

/// A witness is added, or one that was closed is asked again, perhaps at another address.
pub(super) async fn add_witness(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<NewWitness>,
) -> Result<Response, Problem> {
    keep::ask(&app, &actor, &form.key, &form.url).await?;
    Ok(back())
}

/// A witness is asked no more; what it signed stays.
pub(super) async fn close_witness(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Named>,
) -> Result<Response, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), &actor, "witness.closed", "Art. 19");
    let entry = entry.on("witness", &form.name);
    app.db
        .write(move |tx| {
            let known = store::witness(tx, &form.name)?.ok_or_else(Problem::not_found)?;
            store::set_witness(tx, &known.name, &known.url, false)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(back())
}

/// Another log is watched here. What was seen of it is kept when it is closed and taken up again.
pub(super) async fn add_log(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<NewLog>,
) -> Result<Response, Problem> {
    keep::watch(&app, &actor, &form.key).await?;
    Ok(back())
}

/// A log is watched no more.
pub(super) async fn close_log(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Named>,
) -> Result<Response, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), &actor, "witness.log-closed", "Art. 19");
    let entry = entry.on("log", &form.name);
    app.db
        .write(move |tx| {
            let known = store::log(tx, &form.name)?.ok_or_else(Problem::not_found)?;
            store::set_log_active(tx, &known.origin, false)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(back())
}
