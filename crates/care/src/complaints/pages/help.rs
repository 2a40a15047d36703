//! The knowledge base and the figures.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Query, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;
use time::{Date, Duration};

use super::{channel, field, with_problem};
use crate::complaints::api::optional;
use crate::complaints::figures::{self, Figures, Line};
use crate::complaints::knowledge::{self, Answer, Draft};
use crate::complaints::rules::Refused;
use crate::complaints::service::place;

#[derive(Template)]
#[template(path = "help.html")]
struct FindPage {
    p: Page,
    q: String,
    /// The topic that is shown alone; empty for all.
    topic: String,
    topics: Vec<String>,
    answers: Vec<Answer>,
    /// What was just said about an answer: `yes`, `no` or nothing.
    said: String,
}

impl FindPage {
    /// Name of a topic: that of a field, else as it was written.
    fn named(&self, topic: &str) -> String {
        field(&self.p, topic)
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    said: String,
}

pub(super) async fn find(
    Shared(app): Shared<App>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let Asked { q, topic, said } = asked;
    let mut answers = knowledge::search(&app, &q).await?;
    let topics = match q.is_empty() {
        true => knowledge::topics(&answers),
        false => Vec::new(),
    };
    answers.retain(|answer| topic.is_empty() || answer.topic == topic);
    render(&FindPage { p, q, topic, topics, answers, said })
}

#[derive(Deserialize)]
pub(super) struct Voice {
    code: String,
    helpful: String,
}

pub(super) async fn voice(
    Shared(app): Shared<App>,
    Form(form): Form<Voice>,
) -> Result<Response, Problem> {
    let code = optional(&form.code)?.ok_or(Refused::Unknown)?;
    let helpful = form.helpful == "1";
    knowledge::voice(&app, code, helpful).await?;
    Ok(Redirect::to(if helpful { "/help?said=yes" } else { "/help?said=no" }).into_response())
}

/// A draft or a decision as typed.
#[derive(Clone, Default, Deserialize)]
pub(super) struct DraftForm {
    #[serde(default)]
    what: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    question: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    review_on: String,
}

#[derive(Template)]
#[template(path = "office_help.html")]
struct DeskPage {
    p: Page,
    waiting: Vec<Answer>,
    published: Vec<Answer>,
    form: DraftForm,
    today: Date,
    problem: Option<Problem>,
}

async fn show(
    app: &App,
    p: Page,
    form: DraftForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (waiting, published) = (knowledge::waiting(app).await?, knowledge::search(app, "").await?);
    let status = problem.as_ref().map(|problem| problem.status);
    let today = Utc::now().day();
    with_problem(render(&DeskPage { p, waiting, published, form, today, problem }), status)
}

pub(super) async fn desk(Shared(app): Shared<App>, p: Page) -> Result<Response, Problem> {
    show(&app, p, DraftForm::default(), None).await
}

pub(super) async fn act(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<DraftForm>,
) -> Result<Response, Problem> {
    let done = match form.what.as_str() {
        "draft" => {
            let DraftForm { topic, question, answer, review_on, .. } = form.clone();
            let code = optional(&form.code)?;
            let draft = Draft { code, topic, question, answer, review_on };
            knowledge::draft(&app, &actor, draft).await.map(drop)
        }
        "yes" | "no" => {
            let id = optional(&form.id)?.ok_or_else(Problem::not_found)?;
            knowledge::decide(&app, &actor, id, form.what == "yes").await
        }
        _ => Err(Refused::State.into()),
    };
    let kept = if done.is_ok() { DraftForm::default() } else { form };
    show(&app, p, kept, done.err()).await
}

/// A period; the last 30 days when none is given.
#[derive(Deserialize)]
pub(super) struct Period {
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
}

impl Period {
    fn days(&self) -> (Date, Date) {
        let today = Utc::now().day();
        let until = parse_day(&self.until).unwrap_or(today).min(today);
        let earliest = until.saturating_sub(Duration::days(366));
        let from = parse_day(&self.from).unwrap_or(until.saturating_sub(Duration::days(29)));
        (from.clamp(earliest, until), until)
    }
}

/// One bar; places are in the chart's own units.
struct Bar {
    name: String,
    line: usize,
    top: usize,
    width: i64,
    after: i64,
    said: i64,
}

#[derive(Template)]
#[template(path = "complaints_figures.html")]
struct FiguresPage {
    p: Page,
    from: Date,
    until: Date,
    figures: Figures,
    total: Line,
    bars: Vec<Bar>,
}

impl FiguresPage {
    fn name(&self, group: &str, code: &str) -> String {
        match group {
            "field" => field(&self.p, code),
            "channel" => channel(&self.p, code),
            _ => place(code, &self.p.lang),
        }
    }

    fn percent(&self, line: &Line) -> String {
        line.on_time_percent().map_or("—".to_owned(), |percent| format!("{percent}%"))
    }

    fn marks(&self, line: &Line) -> String {
        let tenths = line.marks_tenths();
        tenths.map_or("—".to_owned(), |tenths| format!("{}.{}", tenths / 10, tenths % 10))
    }

    fn height(&self) -> usize {
        self.bars.len() * 24 + 8
    }

    fn told(&self) -> String {
        let told = self.bars.iter().map(|bar| format!("{} {}", bar.name, bar.said));
        told.collect::<Vec<_>>().join(", ")
    }
}

pub(super) async fn figures(
    Shared(app): Shared<App>,
    p: Page,
    Query(period): Query<Period>,
) -> Result<Response, Problem> {
    let (from, until) = period.days();
    let figures = figures::figures(&app, from, until).await?;
    let fields = || figures.lines.iter().filter(|((group, _), _)| *group == "field");
    let mut total = Line::default();
    for (_, line) in fields() {
        total.opened += line.opened;
        total.answered += line.answered;
        total.on_time += line.on_time;
        total.judged += line.judged;
        total.marks += line.marks;
    }
    let most = fields().map(|(_, line)| line.opened).max().unwrap_or(0).max(1);
    let bar = |(at, ((_, code), line)): (usize, (&(&str, String), &Line))| {
        let (width, top) = (line.opened * 560 / most, at * 24 + 4);
        let name = field(&p, code);
        Bar { name, line: top + 14, top, width, after: 128 + width, said: line.opened }
    };
    let bars = fields().enumerate().map(bar).collect();
    render(&FiguresPage { p, from, until, figures, total, bars })
}

fn file(bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"complaints.csv\""),
    ];
    (headers, bytes).into_response()
}

pub(super) async fn table(
    Shared(app): Shared<App>,
    Query(period): Query<Period>,
) -> Result<Response, Problem> {
    let (from, until) = period.days();
    let figures = figures::figures(&app, from, until).await?;
    let rows: Vec<_> =
        figures.lines.into_iter().map(|((group, code), line)| (group, code, line)).collect();
    Ok(file(figures::csv(&rows)?))
}

/// The public sees whole months only: two overlapping periods would tell what a small cell hides.
pub(super) async fn open(Shared(app): Shared<App>) -> Result<Response, Problem> {
    let first = Utc::now().day().replace_day(1).unwrap_or(Date::MIN);
    let until = first.saturating_sub(Duration::DAY);
    let from = until.replace_day(1).unwrap_or(until);
    let figures = figures::figures(&app, from, until).await?;
    Ok(file(figures::csv(&figures::public(&figures))?))
}
