//! Sending a batch out, deciding about single lines, moving on.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use people::rules::Person;
use serde_json::json;
use time::Date;

pub use super::gather::{Scope, gather};
use super::{Work, as_made, managed, reach};
use crate::number;
use crate::production::files::{self, Direction, Header};
use crate::production::rules::{
    self, BatchState, LineEvent, LineState, Refused, Stage, Tally, settle,
};
use crate::production::store::batches::{self as store, Batch, Line};
use crate::production::store::files as file_store;
use crate::production::store::numbers::{self, Drawn};
use crate::rules::Card;

impl Work {
    pub(super) fn of_batch(
        &self,
        act: &'static str,
        batch: &Batch,
        detail: serde_json::Value,
    ) -> Entry {
        Entry {
            detail, ..self.entry(act).on("batch", batch.id).why("批量制卡 / production", &[])
        }
    }

    pub(super) fn of_line(&self, act: &'static str, line: &Line, fields: &[&'static str]) -> Entry {
        let detail = json!({"batch": line.batch.to_string(), "stage": line.stage.code(),
            "state": line.state.code()});
        let purpose = "批量制卡 / production";
        Entry {
            detail,
            ..self.entry(act).about(line.person).on("card", line.card).why(purpose, fields)
        }
    }
}

/// The card of a line as it will be when it is made on `day`, if it is still wanted.
pub(super) fn wanted(card: Option<Card>, line: &Line, person: &Person, day: Date) -> Option<Card> {
    let card = card.filter(|card| card.id == line.card)?;
    let outlet = card.outlet;
    as_made(Some(card), person, day, outlet).ok()
}

/// A line that goes out, with what its file tells.
struct Sent {
    line: Line,
    person: Person,
    card: Card,
}

/// Sends a batch to its stage: makes the files, and at the factory draws all numbers at once. Cards
/// that nobody wants any more are taken out first.
///
/// # Errors
/// It is out already, or done.
pub async fn send(app: &App, actor: &Actor, id: Id) -> Result<Batch, Problem> {
    let (reach, actor, app_in) = (reach(actor)?, actor.clone(), app.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let mut batch = managed(tx, &reach, id)?;
            let state = rules::send(batch.stage, batch.state)?;
            let sent = work.still_wanted(tx, &batch)?;
            batch.state = if sent.is_empty() { BatchState::Done } else { state };
            (batch.since, batch.due_at) = (work.now, work.due(tx, batch.stage)?);
            store::update(tx, &batch)?;
            work.send_lines(tx, &batch, sent)?;
            batch.version += 1;
            Ok(batch)
        })
        .await
}

impl Work {
    fn still_wanted(&self, tx: &mut Tx<'_>, batch: &Batch) -> Result<Vec<Sent>, Problem> {
        let lines = store::lines(tx, batch.id)?;
        let lines: Vec<Line> =
            lines.into_iter().filter(|line| line.state == LineState::Waiting).collect();
        let ids: Vec<Id> = lines.iter().map(|line| line.person).collect();
        let mut people: std::collections::HashMap<Id, Person> =
            people::store::by_ids(tx, &ids)?.into_iter().map(|p| (p.id, p)).collect();
        let mut sent = Vec::with_capacity(lines.len());
        for mut line in lines {
            let person = people.remove(&line.person).ok_or_else(Problem::not_found)?;
            let card = crate::store::in_the_making(tx, line.person)?;
            let day = line.issued_on.unwrap_or(self.now.day());
            match wanted(card, &line, &person, day) {
                Some(card) => sent.push(Sent { line, person, card }),
                None => {
                    let reason = "申领已撤销或不再符合条件";
                    self.step(tx, batch, &mut line, LineEvent::TakeOut, reason)?;
                    journal::record(tx, &self.of_line("production.taken-out", &line, &[]))?;
                }
            }
        }
        Ok(sent)
    }

    fn send_lines(
        &self,
        tx: &mut Tx<'_>,
        batch: &Batch,
        mut sent: Vec<Sent>,
    ) -> Result<(), Problem> {
        if batch.stage == Stage::Factory {
            self.draw_numbers(tx, batch, &mut sent)?;
        }
        for one in &mut sent {
            self.step(tx, batch, &mut one.line, LineEvent::Send, "")?;
        }
        let mut parts: Vec<Id> = sent.iter().map(|one| part_of(&one.line)).collect();
        parts.sort_unstable();
        parts.dedup();
        for part in parts {
            let of_part = sent.iter().filter(|one| part_of(&one.line) == part);
            let rows: Vec<Vec<String>> = of_part.map(row).collect();
            let header = Header {
                batch: batch.id,
                stage: batch.stage,
                direction: Direction::Out,
                part,
                count: rows.len(),
                day: self.now.day(),
            };
            let content = files::write(&header, &rows);
            let (keys, id) = (&self.app.keys, self.app.id());
            file_store::insert(tx, keys, id, &header, &content, "", self.now)?;
        }
        let mut entries = vec![self.of_batch(
            "production.sent",
            batch,
            json!({
                "lines": sent.len(), "stage": batch.stage.code(),
            }),
        )];
        let fields = told(batch.stage);
        entries.extend(sent.iter().map(|one| self.of_line("production.sent", &one.line, fields)));
        Ok(journal::record_all(tx, &entries)?)
    }

    fn draw_numbers(
        &self,
        tx: &mut Tx<'_>,
        batch: &Batch,
        sent: &mut [Sent],
    ) -> Result<(), Problem> {
        let first = numbers::draw(tx, sent.len() as i64)?;
        let mut drawn = Vec::with_capacity(sent.len());
        for (place, Sent { line, .. }) in (first..).zip(sent.iter_mut()) {
            line.place = Some(place);
            line.card_no = Some(number::card_number(place));
            line.identifier = Some(number::identifier(&self.app.config.region, random::<8>()));
            line.issued_on = Some(self.now.day());
            drawn.push(Drawn { place, person: line.person, card: line.card, holder: batch.id });
        }
        Ok(numbers::reserve(tx, &drawn, self.now)?)
    }
}

/// The part of a batch's files that a line belongs to: its outlet at the last stage.
pub(super) fn part_of(line: &Line) -> Id {
    if line.stage == Stage::Outlet { line.outlet } else { Id(0) }
}

/// Personal data that a stage is told: no more than it needs.
fn told(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Bank => &["number", "document", "name", "phone"],
        Stage::Factory => &["card_no", "name", "number", "sex", "nation", "birth_date", "account"],
        Stage::Keys => &["card_no"],
        Stage::Outlet => &["card_no", "name_masked"],
    }
}

fn row(sent: &Sent) -> Vec<String> {
    let Sent { line, person, card } = sent;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let day = |day: Option<Date>| day.map(day_text).unwrap_or_default();
    let number = || person.number.as_str().to_owned();
    let mut row = vec![line.seq.to_string(), line.id.to_string()];
    row.extend(match line.stage {
        Stage::Bank => vec![
            number(),
            person.document.code().to_owned(),
            person.name.clone(),
            person.phone.clone(),
            line.account.clone(),
        ],
        Stage::Factory => vec![
            text(&line.card_no),
            text(&line.identifier),
            person.name.clone(),
            number(),
            person.sex.code().to_owned(),
            person.nation.clone(),
            day_text(person.birth),
            day(line.issued_on),
            day(card.expires_on),
            line.account.clone(),
            line.outlet.to_string(),
        ],
        Stage::Keys => vec![text(&line.card_no), text(&line.identifier)],
        Stage::Outlet => vec![text(&line.card_no), people::rules::mask_name(&person.name)],
    });
    row
}

/// A decision about one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The next batch tries again.
    Retry,
    /// No further attempt.
    Close,
    /// The applicant withdrew.
    TakeOut,
}

/// Decides about one line; closing and taking out need a reason.
///
/// # Errors
/// The table refuses, or the reason is missing.
pub async fn decide(
    app: &App,
    actor: &Actor,
    (batch, seq): (Id, i64),
    decision: Decision,
    reason: &str,
) -> Result<Line, Problem> {
    let reason: String = reason.trim().chars().take(120).collect();
    if reason.is_empty() && decision != Decision::Retry {
        return Err(Refused::ReasonMissing.into());
    }
    let (reach, actor, app_in) = (reach(actor)?, actor.clone(), app.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let batch = managed(tx, &reach, batch)?;
            let mut line = store::line(tx, batch.id, seq)?.ok_or_else(Problem::not_found)?;
            let (event, act) = match decision {
                Decision::Retry => (LineEvent::Retry, "production.retried"),
                Decision::Close => (LineEvent::Close, "production.closed"),
                Decision::TakeOut => (LineEvent::TakeOut, "production.taken-out"),
            };
            work.step(tx, &batch, &mut line, event, &reason)?;
            work.rest(tx, batch)?;
            journal::record(tx, &work.of_line(act, &line, &[]))?;
            Ok(line)
        })
        .await
}

impl Work {
    /// Moves a batch on to where its lines let it be; good lines go with it.
    pub(super) fn rest(&self, tx: &mut Tx<'_>, mut batch: Batch) -> Result<Batch, Problem> {
        let mut lines = store::lines(tx, batch.id)?;
        let tally = Tally::of(lines.iter().map(|line| line.state));
        let (stage, state) = settle(batch.stage, batch.state, tally);
        if (stage, state) != (batch.stage, batch.state) {
            if stage != batch.stage {
                for line in lines.iter_mut().filter(|line| line.state == LineState::Good) {
                    self.step(tx, &batch, line, LineEvent::Advance, "")?;
                }
            }
            (batch.stage, batch.state) = (stage, state);
            (batch.since, batch.due_at) = (self.now, self.due(tx, stage)?);
        }
        store::update(tx, &batch)?;
        batch.version += 1;
        Ok(batch)
    }
}

/// Whether a batch should have moved on by now.
pub fn is_overdue(batch: &Batch, now: Utc) -> bool {
    batch.state != BatchState::Done && batch.due_at < now
}
