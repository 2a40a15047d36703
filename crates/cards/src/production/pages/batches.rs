//! One batch: send, take answers, decide about lines.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, NoFields, Page, Path, Query, Upload, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::{Done, attachment, number, parse};
use crate::production::rules::{BatchState, LineState, Stage};
use crate::production::service::answers::{self, Outcome};
use crate::production::service::batches::{self as service, Decision, is_overdue};
use crate::production::service::{manages, reach};
use crate::production::store::batches::{self as store, Batch, Line, Reach};
use crate::production::store::files::{self as file_store, FileRecord};
use crate::production::store::{self as common};

#[derive(Template)]
#[template(path = "production_batch.html")]
struct BatchPage {
    p: Page,
    tab: &'static str,
    desk: bool,
    batch: Batch,
    lines: Vec<Line>,
    files: Vec<FileRecord>,
    outlets: HashMap<Id, (Text, String)>,
    bank: Option<Text>,
    manages: bool,
    /// How many lines stand where.
    figures: Vec<(usize, Text)>,
    /// This page of lines, from 1, and how many there are.
    at: usize,
    of: usize,
    /// The outlet whose receipt is awaited from this reader, with its number of cards.
    receipts: Vec<(Id, usize)>,
    problem: Option<Problem>,
    now: Utc,
}

impl BatchPage {
    fn class(&self, stage: &Stage) -> &'static str {
        let done = self.batch.state == BatchState::Done;
        match stage.cmp(&self.batch.stage) {
            std::cmp::Ordering::Less => "step step-done",
            std::cmp::Ordering::Equal if done && *stage == Stage::Outlet => "step step-done",
            std::cmp::Ordering::Equal if done => "step step-failed",
            std::cmp::Ordering::Equal => "step step-now",
            std::cmp::Ordering::Greater => "step",
        }
    }

    fn is_now(&self, stage: &Stage) -> bool {
        *stage == self.batch.stage && self.batch.state != BatchState::Done
    }

    fn is_late(&self) -> bool {
        is_overdue(&self.batch, self.now)
    }

    fn outlet(&self, id: &Id) -> &str {
        self.outlets.get(id).map_or("—", |(name, _)| self.p.text(name))
    }

    fn has_answer(&self) -> bool {
        self.batch.state == BatchState::Out
    }

    fn may_retry(&self, line: &Line) -> bool {
        self.manages
            && matches!(line.state, LineState::Failed | LineState::Spoiled | LineState::Closed)
    }

    fn may_close(&self, line: &Line) -> bool {
        self.manages && matches!(line.state, LineState::Failed | LineState::Spoiled)
    }

    fn may_take_out(&self, line: &Line) -> bool {
        self.manages && matches!(line.state, LineState::Waiting | LineState::Failed)
    }
}

/// Lines of one page.
const LINES: usize = 200;

fn figures(lines: &[Line]) -> Vec<(usize, Text)> {
    let count = |state| lines.iter().filter(|line| line.state == state).count();
    let figures = LineState::ALL.into_iter().map(|state| (count(state), state.name().0));
    figures.filter(|(count, _)| *count > 0).collect()
}

/// The lines of one page, those that need a decision first.
fn one_page(mut lines: Vec<Line>, at: usize) -> Vec<Line> {
    let decided = |line: &Line| !matches!(line.state, LineState::Failed | LineState::Spoiled);
    lines.sort_by_key(|line| (decided(line), line.seq));
    lines.into_iter().skip((at - 1) * LINES).take(LINES).collect()
}

async fn page(
    app: &App,
    actor: &Actor,
    p: Page,
    (id, at): (Id, usize),
    problem: Option<Problem>,
) -> Result<BatchPage, Problem> {
    let reach = reach(actor)?;
    app.db
        .read(move |tx| {
            let batch = store::by_id(tx, id)?.ok_or_else(Problem::not_found)?;
            let manages = manages(&reach, &batch);
            let mut lines = store::lines(tx, id)?;
            if let (false, Reach::Outlet(outlet)) = (manages, &reach) {
                lines.retain(|line| line.outlet == *outlet);
            }
            if !manages && lines.is_empty() {
                return Err(Problem::not_found());
            }
            let mut receipts: Vec<(Id, usize)> = Vec::new();
            let awaited =
                |line: &&Line| line.stage == Stage::Outlet && line.state == LineState::Out;
            for line in lines.iter().filter(awaited) {
                match receipts.iter_mut().find(|(outlet, _)| *outlet == line.outlet) {
                    Some((_, count)) => *count += 1,
                    None => receipts.push((line.outlet, 1)),
                }
            }
            let own = |part: Id| matches!(&reach, Reach::Outlet(outlet) if *outlet == part);
            let mut files = file_store::of_batch(tx, id)?;
            files.retain(|file| manages || own(file.part));
            let outlets = common::org_names(tx, lines.iter().map(|line| line.outlet))?;
            let bank = match batch.bank {
                Some(bank) => common::org_names(tx, [bank])?.remove(&bank).map(|(name, _)| name),
                None => None,
            };
            Ok(BatchPage {
                p: p.clone(),
                tab: "batches",
                desk: matches!(reach, Reach::Outlet(_)),
                batch,
                figures: figures(&lines),
                of: lines.len().div_ceil(LINES).max(1),
                lines: one_page(lines, at),
                at,
                files,
                outlets,
                bank,
                manages,
                receipts,
                problem: problem.clone(),
                now: Utc::now(),
            })
        })
        .await
}

fn told(done: &str) -> Option<Text> {
    let mut parts = done.split('-');
    if parts.next() == Some("taken") {
        let mut count = || parts.next().and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
        let (good, failed, spoiled) = (count(), count(), count());
        return Some(Text::new(
            format!("回盘已处理：完成 {good}，失败 {failed}，废卡 {spoiled}"),
            format!("Answer taken: {good} good, {failed} failed, {spoiled} spoiled"),
        ));
    }
    if let Some(missing) = done.strip_prefix("gathered-").and_then(|n| n.parse::<u32>().ok()) {
        return Some(match missing {
            0 => Text::new("批次已生成", "The batch is made"),
            n => Text::new(
                format!("批次已生成；另有 {n} 人没有待制的卡，或已在制作中"),
                format!("The batch is made; {n} more people have no card to be made"),
            ),
        });
    }
    match done {
        "sent" => Some(Text::new("已发送，文件可下载", "Sent; the file can be downloaded")),
        "already" => Some(Text::new(
            "该文件已处理过，没有变化",
            "This file was taken before; nothing changed",
        )),
        "decided" => Some(Text::new("已登记", "Recorded")),
        _ => None,
    }
}

pub(super) async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let p = match told(&done.done) {
        Some(text) => p.with_flash("ok", text),
        None => p,
    };
    let at = done.page.parse().unwrap_or(1).max(1);
    render(&page(&app, &actor, p, (parse(&id)?, at), None).await?)
}

#[derive(Deserialize)]
pub(super) struct Act {
    act: String,
    #[serde(default)]
    seq: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    bad: String,
}

pub(super) async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Act>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    match carry_out(&app, &actor, id, &form).await {
        Ok(done) => back(id, &done),
        Err(problem) => again(&app, &actor, p, id, problem).await,
    }
}

fn back(id: Id, done: &str) -> Result<Response, Problem> {
    Ok(Redirect::to(&format!("/desk/production/batches/{id}?done={done}")).into_response())
}

/// The page once more, with what was wrong.
async fn again(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    problem: Problem,
) -> Result<Response, Problem> {
    if problem.status >= 500 || problem.status == 404 || problem.status == 403 {
        return Err(problem);
    }
    let status = StatusCode::from_u16(problem.status).unwrap_or_default();
    let page = render(&page(app, actor, p, (id, 1), Some(problem)).await?)?;
    Ok((status, page).into_response())
}

async fn carry_out(app: &App, actor: &Actor, id: Id, form: &Act) -> Result<String, Problem> {
    let decision = match form.act.as_str() {
        "send" => {
            service::send(app, actor, id).await?;
            return Ok("sent".to_owned());
        }
        "receive" => {
            let bad = read_bad(&form.bad)?;
            let outlet = parse(&form.outlet)?;
            return Ok(word(&answers::receive(app, actor, id, outlet, bad).await?));
        }
        "retry" => Decision::Retry,
        "close" => Decision::Close,
        "take-out" => Decision::TakeOut,
        _ => return Err(Problem::not_found()),
    };
    let seq = number("seq", &form.seq)?;
    service::decide(app, actor, (id, seq), decision, &form.reason).await?;
    Ok("decided".to_owned())
}

fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Taken { good, failed, spoiled, .. } => format!("taken-{good}-{failed}-{spoiled}"),
        _ => "already".to_owned(),
    }
}

/// Lines like `3 chip dead`: a sequence and why the card is not good.
fn read_bad(text: &str) -> Result<Vec<(i64, String)>, Problem> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let read = |line: &str| {
        let (seq, reason) = line.split_once([' ', '\u{ff1a}', ':', '\u{3000}'])?;
        let reason: String = reason.trim().chars().take(120).collect();
        Some((seq.trim().parse().ok()?, reason)).filter(|(_, reason)| !reason.is_empty())
    };
    let wrong = |line: &str| {
        let zh = format!("每行一张：序号、空格、原因（{line}）");
        let text = Text::new(zh, format!("One card a line: number, space, reason ({line})"));
        Problem::field("bad", text)
    };
    lines.map(|line| read(line).ok_or_else(|| wrong(line))).collect()
}

pub(super) async fn upload(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    form: Upload<NoFields>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let file = match form.file("file") {
        Ok(file) => file.bytes.clone(),
        Err(problem) => return again(&app, &actor, p, id, problem).await,
    };
    let taken = answers::take(&app, &actor, file, Some(id)).await;
    match taken.and_then(Outcome::or_problem) {
        Ok(outcome) => back(id, &word(&outcome)),
        Err(problem) => again(&app, &actor, p, id, problem).await,
    }
}

pub(super) async fn download(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (record, content) = crate::production::service::file(&app, &actor, parse(&id)?).await?;
    Ok(attachment(&record.name(), content))
}
