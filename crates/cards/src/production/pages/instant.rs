//! Instant issue, keyboard first: one button a step.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::parse;
use crate::production::rules::instant::Step;
use crate::production::service::instant::{self as service, View};
use crate::production::store::batches::{self as batches, OrderedBy};
use crate::production::store::instant::Issue;
use crate::production::store::stock;

#[derive(Template)]
#[template(path = "production_instant.html")]
struct ListPage {
    p: Page,
    tab: &'static str,
    desk: bool,
    open: Vec<Issue>,
    waiting: Vec<batches::Ordered>,
    balance: i64,
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let outlet = actor.org.ok_or_else(Problem::forbidden)?;
    let open = service::open_at(&app, outlet).await?;
    let (waiting, balance) = app
        .db
        .read(move |tx| {
            let waiting = batches::ordered(tx, OrderedBy::Outlet, &[outlet], 100)?;
            Ok::<_, Problem>((waiting, stock::balance(tx, outlet)?))
        })
        .await?;
    render(&ListPage { p, tab: "instant", desk: true, open, waiting, balance })
}

#[derive(Template)]
#[template(path = "production_issue.html")]
struct IssuePage {
    p: Page,
    tab: &'static str,
    desk: bool,
    view: View,
    next: Option<Step>,
    problem: Option<Problem>,
}

impl IssuePage {
    fn new(p: Page, view: View, problem: Option<Problem>) -> Self {
        let next = view.next();
        Self { p, tab: "instant", desk: true, view, next, problem }
    }

    fn saved(&self, step: &Step) -> Option<Utc> {
        self.view.issue.as_ref().filter(|issue| self.shows(issue))?;
        self.view.steps.iter().find(|(saved, _)| saved == step).map(|(_, at)| *at)
    }

    /// An issue that ended without a card is history once the card may be started again.
    fn shows(&self, issue: &Issue) -> bool {
        issue.state == "open" || issue.state == "done"
    }

    fn class(&self, step: &Step) -> &'static str {
        match (self.saved(step), self.next == Some(*step)) {
            (Some(_), _) => "step step-done",
            (None, true) => "step step-now",
            (None, false) => "step",
        }
    }

    fn is_open(&self) -> bool {
        self.view.issue.as_ref().is_some_and(|issue| issue.state == "open")
    }

    fn is_done(&self) -> bool {
        self.view.issue.as_ref().is_some_and(|issue| issue.state == "done")
    }

    fn only_blank(&self) -> bool {
        self.view.issue.as_ref().is_some_and(|issue| issue.step == Step::Blank)
    }

    fn ended(&self) -> Option<&Issue> {
        self.view.issue.as_ref().filter(|issue| issue.state == "spoiled")
    }

    fn birth(&self) -> String {
        day_text(self.view.person.birth)
    }

    fn ask(&self, step: &Step) -> Text {
        let (zh, en) = match step {
            Step::Blank => {
                ("取一张空白卡放入打印机。", "Take a blank card and put it into the printer.")
            }
            Step::Number => ("从号池分配卡号。", "Draw the number from the pool."),
            Step::Personalised => (
                "打印完成后确认卡面与下列信息一致。",
                "When printed, compare the card with these data.",
            ),
            Step::Keys => {
                ("写入密钥后录入设备显示的校验值。", "Enter the check value that the device shows.")
            }
            Step::Bank => ("录入银行返回的账号。", "Enter the account that the bank answers."),
            Step::Verified => ("用读卡器读出卡号。", "Read the number back with the card reader."),
            Step::Produced => ("核对无误后完成制卡。", "All is right: finish."),
        };
        Text::new(zh, en)
    }

    /// Label of what the device reports in this step.
    fn report(&self, step: &Step) -> Option<Text> {
        match step {
            Step::Keys => Some(Text::new("密钥校验值（6位）", "Key check value (6 digits)")),
            Step::Bank => Some(Text::new("银行账号（16至19位）", "Bank account (16 to 19 digits)")),
            Step::Verified => Some(Text::new("读出的卡号", "Number read from the chip")),
            _ => None,
        }
    }
}

pub(super) async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let view = service::view(&app, &actor, parse(&id)?).await?;
    render(&IssuePage::new(p, view, None))
}

#[derive(Deserialize)]
pub(super) struct Act {
    act: String,
    #[serde(default)]
    report: String,
    #[serde(default)]
    reason: String,
}

async fn carry_out(app: &App, actor: &Actor, id: Id, form: &Act) -> Result<(), Problem> {
    match form.act.as_str() {
        "spoil" => service::spoil(app, actor, id, &form.reason).await.map(drop),
        "put-back" => service::put_back(app, actor, id).await.map(drop),
        step => {
            let step = Step::from_code(step).ok_or_else(Problem::not_found)?;
            service::save(app, actor, id, step, &form.report).await.map(drop)
        }
    }
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
        Ok(()) => Ok(Redirect::to(&format!("/desk/production/instant/{id}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let view = service::view(&app, &actor, id).await?;
            Ok((status, render(&IssuePage::new(p, view, Some(problem)))?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
