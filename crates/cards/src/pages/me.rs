//! The holder's own cards: states, history, and what he does himself.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text};

use super::bank::other;
use super::person::clock_rows;
use crate::production::{ProgressStep, StepState};
use crate::rules::clocks::State as Clock;
use crate::rules::{Card, Cause, Command, Refused, Stage, fee_of};
use crate::service::{self, Glance, OWN_CAUSES, OwnAct};
use crate::settings::{FEE_FEN, TEMPORARY_DAYS};

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    p: Page,
    number: String,
    glance: Glance,
    problem: Option<Problem>,
    fee_fen: i64,
}

impl MePage {
    fn until(&self, card: &Card) -> String {
        card.expires_on.map(day_text).unwrap_or_default()
    }

    fn may(&self, wanted: &str) -> bool {
        self.glance.possible.iter().any(|one| {
            let fits = matches!(
                (&one.command, wanted),
                (Command::LoseTemporarily, "lose")
                    | (Command::Link, "link")
                    | (Command::Release { .. }, "release")
                    | (Command::Replace { .. }, "replace")
            );
            fits && one.refused.is_none()
        })
    }

    /// The holder himself releases only what he reported himself, for some days.
    fn may_release(&self) -> bool {
        let temporary = |card: &Card| {
            card.clocks.social == Clock::LostTemporarily && card.stage == Stage::Active
        };
        self.may("release") && self.glance.card.as_ref().is_some_and(temporary)
    }

    fn is_frozen(&self) -> bool {
        self.glance.possible.iter().any(|one| one.refused == Some(Refused::Frozen))
    }

    /// A card that replaces another is activated by whoever has it and knows the password.
    fn may_activate(&self) -> bool {
        self.glance.coming.as_ref().is_some_and(|card| card.stage == Stage::HandedOver)
    }

    fn may_renew(&self) -> bool {
        let today = Utc::now().day();
        let soon = |card: &Card| {
            let opens = today.saturating_add(time::Duration::days(90));
            card.stage == Stage::Active && card.expires_on.is_some_and(|last| last <= opens)
        };
        self.glance.coming.is_none() && self.glance.card.as_ref().is_some_and(soon)
    }

    /// Why the holder can have his card replaced now, and what it costs.
    fn causes(&self) -> Vec<(Cause, String)> {
        let card = self.glance.card.as_ref();
        let Some(card) = card.filter(|card| card.stage == Stage::Active) else { return Vec::new() };
        let fits = |cause: &Cause| match cause {
            Cause::Lost => card.clocks.social == Clock::Lost,
            _ => card.clocks.social == Clock::On,
        };
        let open = self.may("replace");
        let priced = |cause: Cause| {
            let fen = fee_of(cause, self.fee_fen);
            (cause, format!("{}.{:02}", fen / 100, fen % 100))
        };
        OWN_CAUSES.into_iter().filter(|cause| open && fits(cause)).map(priced).collect()
    }

    fn faces(&self, card: &Card) -> Vec<(String, String, &'static str)> {
        clock_rows(&self.p, &card.clocks)
    }
}

/// Whether a step is the present one.
pub(super) fn is_now(step: &ProgressStep) -> bool {
    step.state == StepState::Now
}

pub(super) async fn me(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    show(&app, &actor, p, None).await
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let glance = service::holdings(app, actor).await?;
    let number = glance.person.number.mask();
    let fee_fen = app.db.read(|tx| settings::get(tx, &FEE_FEN, Utc::now())).await?;
    render(&MePage { p, number, glance, problem, fee_fen })
}

#[derive(Template)]
#[template(path = "me_loss.html")]
struct LossPage {
    p: Page,
    days: i64,
}

/// The second of two taps: what will happen, and the button.
pub(super) async fn loss(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let days = app.db.read(|tx| settings::get(tx, &TEMPORARY_DAYS, Utc::now())).await?;
    render(&LossPage { p, days })
}

#[derive(Template)]
#[template(path = "me_history.html")]
struct HistoryPage {
    p: Page,
    glance: Glance,
}

pub(super) async fn history(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let glance = service::holdings(&app, &actor).await?;
    render(&HistoryPage { p, glance })
}

pub(super) async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<OwnAct>,
) -> Result<Response, Problem> {
    match service::perform_own_act(&app, &actor, &form).await.map(drop) {
        Ok(()) => Ok(Redirect::to("/me").into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            Ok((status, show(&app, &actor, p, Some(problem)).await?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
