//! Gathering ordered cards into a batch.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use people::number::{PersonNumber, Strictness};
use serde_json::json;

use super::{Work, reach};
use crate::production::BATCH_LINES;
use crate::production::rules::{BatchState, LineState, Refused, Stage};
use crate::production::store::batches::{self as store, Batch, Line, Ordered, OrderedBy, Reach};
use crate::production::store::{self as common, Claim};
use crate::rules::Elsewhere;

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
        mut found: Vec<Ordered>,
    ) -> Result<Batch, Problem> {
        // Those that another region still holds up come with a later batch (Art. 5).
        let firsts: Vec<Id> = found.iter().filter(|one| one.first).map(|one| one.card).collect();
        let elsewhere = crate::service::elsewhere(tx, &firsts)?;
        let clear = |one: &Ordered| elsewhere.get(&one.card).is_none_or(|e| *e == Elsewhere::Clear);
        found.retain(clear);
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
}

fn allowed(yes: bool) -> Result<(), Problem> {
    if yes { Ok(()) } else { Err(Problem::forbidden()) }
}

fn unit_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let text = || Text::new("请填写单位名称（80字以内）", "The unit's name, up to 80 letters");
    let plain = !name.chars().any(char::is_control);
    match plain && (1..=80).contains(&name.chars().count()) {
        true => Ok(name.to_owned()),
        false => Err(Problem::field("name", text())),
    }
}

fn outlets_of(tx: &mut Tx<'_>, division: &str) -> Result<Vec<Id>, Problem> {
    let outlets = common::orgs(tx, "outlet")?.into_iter();
    Ok(outlets.filter(|(_, _, of)| of == division).map(|(id, ..)| id).collect())
}
