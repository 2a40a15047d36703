//! A person at the desk: cards, clocks, history, and what can be done now.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::{Refusal as _, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::bank::other;
use super::me::is_now;
use crate::rules::clocks::{Clock, Clocks};
use crate::rules::{CancelCause, Card, Cause, Command, Fee, Refused};
use crate::service::{self, Glance};

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    p: Page,
    glance: Glance,
    problem: Option<Problem>,
    child: bool,
    household: String,
}

impl PersonPage {
    fn new(p: Page, glance: Glance, problem: Option<Problem>) -> Self {
        let child = glance.person.age_on(Utc::now().day()) < 16;
        let division = kernel::divisions::find(&glance.person.household);
        let household = division.map(|d| p.t(d.zh, d.en).to_owned()).unwrap_or_default();
        Self { p, glance, problem, child, household }
    }

    fn name_of(&self, command: &Command) -> &str {
        let (zh, en) = match command {
            Command::Apply { .. } => ("申领（实体卡和电子卡）", "Apply for both cards"),
            Command::Withdraw => ("撤回申请", "Withdraw the application"),
            Command::Produce => ("即时制卡", "Make the card now"),
            Command::HandOver { .. } => ("发卡", "Hand over"),
            Command::Activate { .. } => ("激活社保功能", "Activate"),
            Command::ActivateFinancial => ("激活金融功能", "Activate the financial function"),
            Command::LoseTemporarily => ("临时挂失", "Report lost for some days"),
            Command::Lose { .. } => ("正式挂失", "Report lost"),
            Command::Lapse => ("临时挂失到期", "Lapse"),
            Command::Release { .. } => ("解挂", "Release"),
            Command::Lock => ("锁定", "Lock"),
            Command::Unlock { .. } => ("解锁", "Unlock"),
            Command::Link => ("重新关联电子卡", "Link the electronic card"),
            Command::Replace { .. } => ("补换卡", "Replace the card"),
            Command::Cancel { .. } => ("注销", "Cancel the card"),
        };
        self.p.t(zh, en)
    }

    fn why(&self, refused: &Refused) -> String {
        let article = refused.article().map(|a| format!(" ({})", self.p.article(&a)));
        format!("{}{}", self.p.text(&refused.reason()), article.unwrap_or_default())
    }

    fn birth(&self) -> String {
        day_text(self.glance.person.birth)
    }
}

/// The three clocks of a card with their names and badges, in the page's language.
pub(super) fn clock_rows(p: &Page, clocks: &Clocks) -> Vec<(String, String, &'static str)> {
    let row = |clock: Clock| {
        let (state, badge) = clocks.get(clock).name();
        (p.text(&clock.name()).to_owned(), p.text(&state).to_owned(), badge)
    };
    Clock::ALL.map(row).to_vec()
}

/// Causes that a clerk can choose for a replacement.
fn causes() -> [Cause; 6] {
    [
        Cause::Lost,
        Cause::Damaged,
        Cause::NameChanged,
        Cause::NewGeneration,
        Cause::Expired,
        Cause::Decision,
    ]
}

fn until(card: &Card) -> String {
    card.expires_on.map(day_text).unwrap_or_else(|| "—".to_owned())
}

pub(super) fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

pub(super) async fn person(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let glance = service::glance(&app, &actor, parse(&id)?).await?;
    render(&PersonPage::new(p, glance, None))
}

#[derive(Deserialize)]
pub(super) struct Act {
    act: String,
    #[serde(default)]
    agent: String,
    #[serde(default)]
    guardian: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    proof: String,
    #[serde(default)]
    cause: String,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    fee: String,
    #[serde(default)]
    fee_proof: String,
    #[serde(default)]
    evidence: String,
}

impl Act {
    fn command(self) -> Result<Command, Problem> {
        match self.act.as_str() {
            "apply" => Ok(Command::Apply { guardian: self.guardian }),
            "withdraw" => Ok(Command::Withdraw),
            "produce" => Ok(Command::Produce),
            "hand-over" => Ok(Command::HandOver { to: self.to }),
            "activate" if self.password != self.again => {
                let text = Text::new("两次输入的密码不一致", "The two passwords differ");
                Err(Problem::field("again", text))
            }
            "activate" => Ok(Command::Activate { password: self.password }),
            "activate-financial" => Ok(Command::ActivateFinancial),
            "lose-temporarily" => Ok(Command::LoseTemporarily),
            "lose" => Ok(Command::Lose { proof: self.proof }),
            "release" => Ok(Command::Release { proof: self.proof }),
            "lock" => Ok(Command::Lock),
            "unlock" => Ok(Command::Unlock { proof: self.proof }),
            "link" => Ok(Command::Link),
            "replace" => self.replace(),
            "cancel" => {
                let cause = CancelCause::from_code(&self.cause).ok_or_else(choose_cause)?;
                Ok(Command::Cancel { cause, evidence: self.evidence })
            }
            _ => Err(Problem::not_found()),
        }
    }

    fn replace(self) -> Result<Command, Problem> {
        let cause = Cause::from_code(&self.cause).ok_or_else(choose_cause)?;
        let fee = fee(&self.fee, self.fee_proof);
        Ok(Command::Replace { cause, decision: self.decision, fee })
    }
}

/// The fee as it was told: `paid`, `waived` or nothing.
pub(crate) fn fee(kind: &str, proof: String) -> Fee {
    match kind {
        "paid" => Fee::Paid(proof),
        "waived" => Fee::Waived(proof),
        _ => Fee::Free,
    }
}

pub(crate) fn choose_cause() -> Problem {
    Problem::field("cause", Text::new("请选择原因", "Choose a reason"))
}

pub(super) async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Act>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let agent = form.agent.clone();
    let done = match form.command() {
        Ok(command) => service::perform_for(&app, &actor, id, command, &agent).await.map(drop),
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/desk/people/{id}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let glance = service::glance(&app, &actor, id).await?;
            let page = render(&PersonPage::new(p, glance, Some(problem)))?;
            Ok((status, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}
