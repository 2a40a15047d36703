//! An application like a parcel: what is done, where the card is, what comes next.

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::Utc;

use crate::production::rules::shelf::State as Shelf;
use crate::production::rules::{LineState, Stage};
use crate::production::store::batches::{self, Line};
use crate::production::store::delivery::{self, Dates, Delivery};
use crate::production::store::instant::{self, Issue};
use crate::production::store::org_names;
use crate::rules::Card;
use crate::store;

/// How a step of the way stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepState {
    /// Behind us.
    Done,
    /// Going on.
    Now,
    /// Went wrong; somebody is at it.
    Failed,
    /// Still to come.
    Next,
}

impl StepState {
    /// Class of the step in `ol.steps`.
    pub fn class(self) -> &'static str {
        match self {
            Self::Done => "step step-done",
            Self::Now => "step step-now",
            Self::Failed => "step step-failed",
            Self::Next => "step",
        }
    }
}

/// One step from the application to the usable card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgressStep {
    /// What it is.
    pub name: Text,
    /// Where the card is, or what there is to know; may be empty.
    pub place: Text,
    /// When it was done.
    pub at: Option<Utc>,
    /// How it stands.
    pub state: StepState,
}

fn step(zh: &str, en: &str, at: Option<Utc>) -> ProgressStep {
    let state = if at.is_some() { StepState::Done } else { StepState::Next };
    ProgressStep { name: Text::new(zh, en), place: Text::default(), at, state }
}

/// A step whose name tells whether it is behind us.
fn phase(done: (&str, &str), open: (&str, &str), at: Option<Utc>) -> ProgressStep {
    let (zh, en) = if at.is_some() { done } else { open };
    step(zh, en, at)
}

/// The way of a person's living card from its application on; empty when there is none.
///
/// # Errors
/// See [`DbError`].
pub fn progress(tx: &mut Tx<'_>, person: Id) -> Result<Vec<ProgressStep>, DbError> {
    let Some(card) = store::in_the_making(tx, person)? else { return Ok(Vec::new()) };
    let dates = delivery::dates(tx, person, card.id)?;
    let line = batches::attempts(tx, &[person])?.into_iter().rfind(|line| line.card == card.id);
    let issue = instant::of_person(tx, person)?.into_iter().rfind(|issue| issue.card == card.id);
    let outlet = org_names(tx, [card.outlet])?.remove(&card.outlet).map(|(name, _)| name);
    let mut steps = vec![step("已申领", "Applied for", Some(card.applied_at))];
    let at_counter = issue.filter(|issue| issue.state == "open" || issue.state == "done");
    match (at_counter, line) {
        (Some(issue), _) => steps.push(counter(&issue, dates)),
        (None, Some(line)) => steps.extend(Stage::ALL.map(|stage| at_stage(stage, &line))),
        (None, None) => {
            steps.push(phase(("已制卡", "Made"), ("待制卡", "To be made"), dates.produced));
        }
    }
    let delivery = delivery::of_card(tx, person, card.id)?;
    steps.extend(to_the_holder(&card, delivery.as_ref(), dates, outlet.unwrap_or_default()));
    mark_now(&mut steps);
    Ok(steps)
}

fn counter(issue: &Issue, dates: Dates) -> ProgressStep {
    let mut step = step("柜面制卡", "Made at the counter", dates.produced);
    if issue.state == "open" {
        step.place = issue.step.name();
    }
    step
}

fn at_stage(stage: Stage, line: &Line) -> ProgressStep {
    let index = Stage::ALL.iter().position(|one| *one == stage).unwrap_or_default();
    let name = stage.name();
    let mut step = step(&name.zh, &name.en, line.passed[index]);
    if line.stage == stage {
        let (told, _) = line.state.name();
        match line.state {
            LineState::Failed | LineState::Spoiled | LineState::Closed | LineState::TakenOut => {
                (step.state, step.place) = (StepState::Failed, told);
            }
            LineState::Retried => {
                step.place = Text::new("已安排重新制作", "It will be made again");
            }
            LineState::Out => step.place = told,
            _ => {}
        }
    }
    step
}

fn to_the_holder(
    card: &Card,
    delivery: Option<&Delivery>,
    dates: Dates,
    outlet: Text,
) -> Vec<ProgressStep> {
    let post = match delivery {
        Some(delivery) => delivery.state == Shelf::ToPost || delivery.posted_at.is_some(),
        None => card.delivery == "post",
    };
    let mut steps = Vec::new();
    if post {
        let posted = delivery.and_then(|delivery| delivery.posted_at);
        let mut sent = phase(("已交寄", "Posted"), ("待交寄", "To be posted"), posted);
        if let Some(delivery) = delivery.filter(|delivery| !delivery.tracking.is_empty()) {
            let tracking = &delivery.tracking;
            sent.place = Text::new(format!("运单号 {tracking}"), format!("Tracking {tracking}"));
        }
        steps.push(sent);
    }
    if let Some(returned) = delivery.and_then(|delivery| delivery.returned_at) {
        steps.push(step("邮件退回网点", "Returned to the outlet", Some(returned)));
    }
    let open = ("待领取", "To be collected");
    let mut taken = phase(("已领卡", "Handed over"), open, dates.handed_over);
    if let Some(delivery) = delivery.filter(|delivery| delivery.state == Shelf::Shelf) {
        let (shelf, Text { zh, en }) = (delivery.shelf, outlet);
        taken.place = Text::new(format!("{zh} 取卡号 {shelf}"), format!("{en}, shelf {shelf}"));
    }
    steps.push(taken);
    steps.push(phase(("已激活", "Activated"), ("待激活", "To be activated"), dates.activated));
    steps
}

/// The first step that is not behind us is the present one.
fn mark_now(steps: &mut [ProgressStep]) {
    if let Some(step) = steps.iter_mut().find(|step| step.state != StepState::Done)
        && step.state == StepState::Next
    {
        step.state = StepState::Now;
    }
}
