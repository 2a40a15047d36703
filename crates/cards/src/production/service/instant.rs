//! Instant issue: each of the printer's steps is one transaction, so that whoever comes back after a
//! crash goes on at exactly the next one.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::rules::Person;
use serde_json::json;

use super::{Work, as_made};
use crate::number;
use crate::production::rules::instant::{Step, follows, is_account, is_key_check};
use crate::production::rules::stock::Movement;
use crate::production::rules::{Fate, Refused};
use crate::production::store::instant::{self as store, Issue};
use crate::production::store::numbers::{self, Drawn};
use crate::production::store::stock as blanks;
use crate::production::store::{self as common, Claim};
use crate::rules::{self as card_rules, Card, Elsewhere, Refused as NotMade};

/// What the clerk sees of an instant issue.
#[derive(Clone, Debug)]
pub struct View {
    /// The person.
    pub person: Person,
    /// The living card.
    pub card: Option<Card>,
    /// The issue that is open, or the last one.
    pub issue: Option<Issue>,
    /// When its steps were saved.
    pub steps: Vec<(Step, Utc)>,
    /// Blanks of the outlet.
    pub balance: i64,
}

impl View {
    /// The step that comes next, when one may.
    pub fn next(&self) -> Option<Step> {
        let ordered =
            self.card.as_ref().is_some_and(|card| card.stage == card_rules::Stage::Ordered);
        match &self.issue {
            Some(issue) if issue.state == "open" => issue.step.next(),
            _ if ordered => Some(Step::Blank),
            _ => None,
        }
    }
}

fn outlet_of(actor: &Actor) -> Result<Id, Problem> {
    actor.org.ok_or_else(Problem::forbidden)
}

/// The instant issue of a person at the clerk's outlet; the look is journalled.
///
/// # Errors
/// There is no such person.
pub async fn view(app: &App, actor: &Actor, person: Id) -> Result<View, Problem> {
    let outlet = outlet_of(actor)?;
    let entry = Entry::new(app.id(), Utc::now(), actor, "person.read", "Art. 11");
    app.db
        .write(move |tx| {
            let person =
                people::service::read(tx, entry.clone(), person, "即时制卡 / instant issue")?;
            let issue = store::of_person(tx, person.id)?.pop();
            let steps = match &issue {
                Some(issue) => store::steps(tx, issue)?,
                None => Vec::new(),
            };
            let card = crate::store::in_the_making(tx, person.id)?;
            Ok(View { person, card, issue, steps, balance: blanks::balance(tx, outlet)? })
        })
        .await
}

/// Saves one step. `report` is what the device said: the key check value, the bank account, the number
/// read back.
///
/// # Errors
/// Another step comes first, the report cannot be true, no blank is left, or the card is not to be
/// made here.
pub async fn save(
    app: &App,
    actor: &Actor,
    person: Id,
    step: Step,
    report: &str,
) -> Result<Issue, Problem> {
    let outlet = outlet_of(actor)?;
    let report = report.trim().to_uppercase();
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let issue = store::open(tx, person)?;
            follows(issue.as_ref().map(|issue| issue.step), step)?;
            let issue = match issue {
                None => work.begin(tx, person, outlet)?,
                Some(issue) if issue.outlet != outlet => return Err(Problem::not_found()),
                Some(issue) => work.go_on(tx, issue, step, &report)?,
            };
            store::step_done(tx, &issue, step, actor.account, work.now)?;
            let act = if step == Step::Produced { "card.produced" } else { "instant.step" };
            journal::record(tx, &work.of_issue(act, &issue))?;
            Ok(issue)
        })
        .await
}

impl Work {
    fn of_issue(&self, act: &'static str, issue: &Issue) -> Entry {
        let detail = json!({"step": issue.step.code(), "state": issue.state});
        let entry = self.entry(act).about(issue.person).on("card", issue.card);
        Entry { detail, ..entry.why("即时制卡 / instant issue", &["card"]) }
    }

    fn begin(&self, tx: &mut Tx<'_>, person: Id, outlet: Id) -> Result<Issue, Problem> {
        let card = self.to_make(tx, person, outlet, self.now.day())?;
        let holder = self.app.id();
        let claim = Claim { person, card: card.id, holder };
        if !common::claim(tx, "counter", &[claim])?[0] {
            return Err(Refused::InProduction.into());
        }
        self.move_blanks(tx, outlet, (Movement::Used, -1), Some(holder), "")?;
        let issue = Issue {
            person,
            id: holder,
            card: card.id,
            outlet,
            state: "open".to_owned(),
            step: Step::Blank,
            place: None,
            card_no: None,
            identifier: None,
            account: String::new(),
            key_check: String::new(),
            issued_on: self.now.day(),
            reason: String::new(),
            version: 1,
        };
        store::insert(tx, &issue)?;
        Ok(issue)
    }

    /// The card as it will be when made, if the rules let this outlet make it.
    fn to_make(
        &self,
        tx: &mut Tx<'_>,
        person: Id,
        outlet: Id,
        day: time::Date,
    ) -> Result<Card, Problem> {
        let person = people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
        let card = crate::store::in_the_making(tx, person.id)?;
        match crate::service::elsewhere_of(tx, card.as_ref())? {
            Elsewhere::Clear => {}
            Elsewhere::Asked => return Err(NotMade::AskedElsewhere.into()),
            Elsewhere::Held => return Err(NotMade::HeldElsewhere.into()),
        }
        as_made(card, &person, day, outlet)
    }

    fn go_on(
        &self,
        tx: &mut Tx<'_>,
        mut issue: Issue,
        step: Step,
        report: &str,
    ) -> Result<Issue, Problem> {
        match step {
            Step::Blank => return Err(Refused::StepOrder.into()),
            Step::Number => self.draw(tx, &mut issue)?,
            Step::Personalised => {}
            Step::Keys if is_key_check(report) => report.clone_into(&mut issue.key_check),
            Step::Bank if is_account(report) => report.clone_into(&mut issue.account),
            Step::Keys | Step::Bank => return Err(Refused::BadReport.into()),
            Step::Verified if issue.card_no.as_deref() == Some(report) => {}
            Step::Verified => return Err(Refused::NumberDiffers.into()),
            Step::Produced => self.finish(tx, &mut issue)?,
        }
        issue.step = step;
        store::update(tx, &issue)?;
        Ok(issue)
    }

    fn draw(&self, tx: &mut Tx<'_>, issue: &mut Issue) -> Result<(), Problem> {
        let place = numbers::draw(tx, 1)?;
        let drawn = Drawn { place, person: issue.person, card: issue.card, holder: issue.id };
        numbers::reserve(tx, &[drawn], self.now)?;
        issue.place = Some(place);
        issue.card_no = Some(number::card_number(place));
        issue.identifier = Some(number::identifier(&self.app.config.region, random::<8>()));
        Ok(())
    }

    fn finish(&self, tx: &mut Tx<'_>, issue: &mut Issue) -> Result<(), Problem> {
        let mut card = self.to_make(tx, issue.person, issue.outlet, issue.issued_on)?;
        if card.id != issue.card {
            return Err(Refused::NoInstantIssue.into());
        }
        card.card_no.clone_from(&issue.card_no);
        // The holder stands at the counter: no letter, whatever he chose when he applied.
        card.delivery = "counter".to_owned();
        let person =
            people::store::by_id(tx, issue.person)?.ok_or(people::rules::Refused::Unknown)?;
        let identifier = issue.identifier.clone().unwrap_or_default();
        self.produced(tx, &card, &Person { phone: String::new(), ..person }, &identifier)?;
        if let Some(place) = issue.place {
            numbers::settle(tx, place, Fate::Live, self.now)?;
        }
        common::release(tx, issue.person, issue.card)?;
        issue.state = "done".to_owned();
        Ok(())
    }
}

/// What a card that was made in one step bears: its number and its identifier.
pub(crate) struct Made {
    pub(crate) card_no: String,
    pub(crate) identifier: String,
}

/// A blank and a number for a card that is made in one step, by a printer that does all of it at once.
///
/// # Errors
/// A batch or a counter makes this card already, or no blank is left.
pub(crate) fn at_once(
    tx: &mut Tx<'_>,
    app: &App,
    actor: &Actor,
    card: &Card,
) -> Result<Made, Problem> {
    if common::is_claimed(tx, card.person, card.id)? {
        return Err(Refused::InProduction.into());
    }
    let work = Work::new(app, actor);
    work.move_blanks(tx, card.outlet, (Movement::Used, -1), Some(card.id), "")?;
    let place = numbers::draw(tx, 1)?;
    let drawn = Drawn { place, person: card.person, card: card.id, holder: card.id };
    numbers::reserve(tx, &[drawn], work.now)?;
    numbers::settle(tx, place, Fate::Live, work.now)?;
    let identifier = number::identifier(&app.config.region, random::<8>());
    Ok(Made { card_no: number::card_number(place), identifier })
}

/// Records that the card in the printer cannot be used: blank and number are burnt, and the card can be
/// started again.
///
/// # Errors
/// Nothing is under way, or the reason is missing.
pub async fn spoil(app: &App, actor: &Actor, person: Id, reason: &str) -> Result<Issue, Problem> {
    let reason: String = reason.trim().chars().take(120).collect();
    if reason.is_empty() {
        return Err(Refused::ReasonMissing.into());
    }
    end(app, actor, person, "spoiled", reason).await
}

/// Puts an untouched blank back: only before a number is drawn.
///
/// # Errors
/// Nothing is under way, or a number is drawn.
pub async fn put_back(app: &App, actor: &Actor, person: Id) -> Result<Issue, Problem> {
    end(app, actor, person, "put-back", String::new()).await
}

async fn end(
    app: &App,
    actor: &Actor,
    person: Id,
    state: &'static str,
    reason: String,
) -> Result<Issue, Problem> {
    let outlet = outlet_of(actor)?;
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let issue = store::open(tx, person)?.filter(|issue| issue.outlet == outlet);
            let mut issue = issue.ok_or(Refused::NoInstantIssue)?;
            let back = state == "put-back";
            if back && issue.step != Step::Blank {
                return Err(Refused::StepOrder.into());
            }
            // What was booked as used is booked as what it became; the balance stays true.
            work.move_blanks(tx, outlet, (Movement::Used, 1), Some(issue.id), &reason)?;
            if !back {
                work.move_blanks(tx, outlet, (Movement::Spoiled, -1), Some(issue.id), &reason)?;
                let number = issue.card_no.clone();
                work.spoiled_at_counter(tx, outlet, number, &reason, "counter", issue.id)?;
                if let Some(place) = issue.place {
                    numbers::settle(tx, place, Fate::Spoiled, work.now)?;
                }
            }
            (issue.state, issue.reason) = (state.to_owned(), reason.clone());
            store::update(tx, &issue)?;
            common::release(tx, issue.person, issue.card)?;
            journal::record(tx, &work.of_issue("instant.ended", &issue))?;
            Ok(issue)
        })
        .await
}

/// Open issues of an outlet.
///
/// # Errors
/// See [`Problem`].
pub async fn open_at(app: &App, outlet: Id) -> Result<Vec<Issue>, Problem> {
    Ok(app.db.read(move |tx| store::open_at(tx, outlet)).await?)
}
