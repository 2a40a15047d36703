//! Gathering a batch, sending it out, deciding about single lines.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text};
use people::number::{PersonNumber, Strictness};
use people::rules::Person;
use serde_json::json;
use time::Date;

use super::{Work, managed, reach};
use crate::number;
use crate::production::BATCH_LINES;
use crate::production::files::{self, Direction, Header};
use crate::production::rules::{
    self, BatchState, LineEvent, LineState, Refused, Stage, Tally, settle,
};
use crate::production::store::batches::{self as store, Batch, Line, Ordered, OrderedBy, Reach};
use crate::production::store::numbers::{self, Drawn};
use crate::production::store::{self as common, Claim, files as file_store};
use crate::rules::{self as card_rules, Card, Command, Context};

/// Which ordered cards a batch gathers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of an outlet.
    Outlet(Id),
    /// Those of all outlets of a division (GB/T 2260).
    District(String),
    /// Those of a unit's people, by their person numbers.
    Unit {
        /// Name of the school, employer or village.
        name: String,
        /// Person numbers.
        numbers: Vec<String>,
    },
}

/// Gathers ordered cards into a new batch; those that somebody makes already are left out.
///
/// # Errors
/// Nothing waits there, or the scope is not the actor's.
pub async fn gather(
    app: &App,
    actor: &Actor,
    scope: Scope,
    bank: Option<Id>,
) -> Result<Batch, Problem> {
    let (reach, actor, app_in) = (reach(actor)?, actor.clone(), app.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let most = settings::get(tx, &BATCH_LINES, work.now)? as usize;
            let (mut batch, found) = work.find(tx, &reach, &scope, most)?;
            batch.bank = known_bank(tx, bank)?;
            work.enter(tx, batch, found)
        })
        .await
}

fn known_bank(tx: &mut Tx<'_>, bank: Option<Id>) -> Result<Option<Id>, Problem> {
    let Some(bank) = bank else { return Ok(None) };
    let known = common::orgs(tx, "bank")?.iter().any(|(id, ..)| *id == bank);
    let text = || Text::new("没有这家合作银行", "There is no such bank");
    if known { Ok(Some(bank)) } else { Err(Problem::field("bank", text())) }
}

impl Work {
    fn find(
        &self,
        tx: &mut Tx<'_>,
        reach: &Reach,
        scope: &Scope,
        most: usize,
    ) -> Result<(Batch, Vec<Ordered>), Problem> {
        let mut batch = self.new_batch();
        let found = match scope {
            Scope::Outlet(outlet) => {
                let org = common::org_names(tx, [*outlet])?.remove(outlet);
                let division = org.as_ref().map_or(&self.actor.division, |(_, d)| d).clone();
                allowed(match reach {
                    Reach::All => true,
                    Reach::Division(mine) => org.is_some() && *mine == division,
                    Reach::Outlet(mine) => mine == outlet,
                    Reach::Bank(_) => false,
                })?;
                batch.name = org.map(|(name, _)| name.zh).unwrap_or_default();
                (batch.scope, batch.outlet) = ("outlet".to_owned(), Some(*outlet));
                batch.division = division;
                store::ordered(tx, OrderedBy::Outlet, &[*outlet], most)?
            }
            Scope::District(division) => {
                allowed(match reach {
                    Reach::All => true,
                    Reach::Division(mine) => mine == division,
                    _ => false,
                })?;
                let known = kernel::divisions::find(division).ok_or_else(Problem::not_found)?;
                batch.name = known.zh.to_owned();
                (batch.scope, batch.division) = ("district".to_owned(), division.clone());
                let outlets = outlets_of(tx, division)?;
                store::ordered(tx, OrderedBy::Outlet, &outlets, most)?
            }
            Scope::Unit { name, numbers } => {
                batch.name = unit_name(name)?;
                batch.scope = "unit".to_owned();
                self.find_unit(tx, reach, numbers, &mut batch, most)?
            }
        };
        Ok((batch, found))
    }

    fn find_unit(
        &self,
        tx: &mut Tx<'_>,
        reach: &Reach,
        numbers: &[String],
        batch: &mut Batch,
        most: usize,
    ) -> Result<Vec<Ordered>, Problem> {
        let (mut people, mut unknown) = (Vec::new(), Vec::new());
        for text in numbers {
            let parsed = PersonNumber::parse(text, self.now.day(), Strictness::WithEvidence);
            let person = match &parsed {
                Ok(parsed) => people::store::by_number(tx, &parsed.number)?,
                Err(_) => None,
            };
            match person {
                Some(person) => people.push(person.id),
                None => unknown.push(text.as_str()),
            }
        }
        if !unknown.is_empty() {
            let list = unknown.join("、");
            let text = Text::new(format!("没有登记：{list}"), format!("Not registered: {list}"));
            return Err(Problem::field("numbers", text));
        }
        let mut found = store::ordered(tx, OrderedBy::Person, &people, most)?;
        match reach {
            Reach::All => {}
            Reach::Division(division) => {
                let outlets = outlets_of(tx, division)?;
                found.retain(|one| outlets.contains(&one.outlet));
            }
            Reach::Outlet(outlet) => {
                batch.outlet = Some(*outlet);
                found.retain(|one| one.outlet == *outlet);
            }
            Reach::Bank(_) => found.clear(),
        }
        Ok(found)
    }

    fn new_batch(&self) -> Batch {
        Batch {
            id: self.app.id(),
            scope: String::new(),
            name: String::new(),
            outlet: None,
            division: self.actor.division.clone(),
            bank: None,
            stage: Stage::Bank,
            state: BatchState::Waiting,
            lines: 0,
            made_at: self.now,
            since: self.now,
            due_at: self.now,
            version: 1,
        }
    }

    fn enter(
        &self,
        tx: &mut Tx<'_>,
        mut batch: Batch,
        found: Vec<Ordered>,
    ) -> Result<Batch, Problem> {
        let holder = batch.id;
        let claims: Vec<Claim> =
            found.iter().map(|one| Claim { person: one.person, card: one.card, holder }).collect();
        let free = common::claim(tx, "batch", &claims)?;
        let found: Vec<Ordered> =
            found.into_iter().zip(free).filter(|(_, free)| *free).map(|(one, _)| one).collect();
        if found.is_empty() {
            return Err(Refused::NothingToGather.into());
        }
        let people: Vec<Id> = found.iter().map(|one| one.person).collect();
        let earlier = store::attempts(tx, &people)?;
        let line = |(index, one): (usize, &Ordered)| {
            let mut before = earlier.iter().filter(|line| line.card == one.card);
            let last = before.next_back();
            Line {
                seq: index as i64 + 1,
                attempt: last.map_or(1, |line| line.attempt + 1),
                account: last.map(|line| line.account.clone()).unwrap_or_default(),
                ..self.new_line(batch.id, *one)
            }
        };
        let lines: Vec<Line> = found.iter().enumerate().map(line).collect();
        batch.lines = lines.len() as i64;
        batch.due_at = self.due(tx, batch.stage)?;
        store::insert(tx, &batch)?;
        store::insert_lines(tx, &lines)?;
        let mut entries: Vec<Entry> = vec![self.of_batch(
            "production.gathered",
            &batch,
            json!({
                "lines": batch.lines, "scope": batch.scope,
            }),
        )];
        entries.extend(lines.iter().map(|line| self.of_line("production.joined", line, &[])));
        journal::record_all(tx, &entries)?;
        Ok(batch)
    }

    fn new_line(&self, batch: Id, one: Ordered) -> Line {
        Line {
            person: one.person,
            id: self.app.id(),
            batch,
            seq: 0,
            card: one.card,
            outlet: one.outlet,
            attempt: 1,
            stage: Stage::Bank,
            state: LineState::Waiting,
            reason: String::new(),
            place: None,
            card_no: None,
            identifier: None,
            account: String::new(),
            key_check: String::new(),
            issued_on: None,
            passed: [None; 4],
            changed_at: self.now,
        }
    }

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

fn allowed(yes: bool) -> Result<(), Problem> {
    if yes { Ok(()) } else { Err(Problem::forbidden()) }
}

fn unit_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let text = || Text::new("请填写单位名称（80字以内）", "The unit's name, up to 80 letters");
    match (1..=80).contains(&name.chars().count()) {
        true => Ok(name.to_owned()),
        false => Err(Problem::field("name", text())),
    }
}

fn outlets_of(tx: &mut Tx<'_>, division: &str) -> Result<Vec<Id>, Problem> {
    let outlets = common::orgs(tx, "outlet")?.into_iter();
    Ok(outlets.filter(|(_, _, of)| of == division).map(|(id, ..)| id).collect())
}

/// The card as it will be when it is made on `day`, if the rules still want it made.
pub(super) fn wanted(
    card: Option<Card>,
    id: Id,
    person: &Person,
    day: Date,
) -> Result<Card, Option<card_rules::Refused>> {
    let mut card = card.filter(|card| card.id == id).ok_or(None)?;
    if person.deceased_on.is_some() {
        return Err(None);
    }
    let context = Context { person, today: day, outlet: card.outlet };
    let event = card_rules::decide(Some(&card), &Command::Produce, &context).map_err(Some)?;
    card_rules::apply(&mut card, &event);
    Ok(card)
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
            let card = crate::store::living(tx, line.person)?;
            let day = line.issued_on.unwrap_or(self.now.day());
            match wanted(card, line.card, &person, day) {
                Ok(card) => sent.push(Sent { line, person, card }),
                Err(_) => {
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
            file_store::insert(tx, self.app.id(), &header, &content, "", self.now)?;
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
