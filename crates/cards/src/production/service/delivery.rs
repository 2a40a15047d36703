//! From the finished card to the holder: shelf, post, hand-over, reminders.

use std::collections::HashMap;

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use people::document::DocumentKind;
use people::rules::Person;
use serde_json::json;

use super::answers::Outcome;
use super::{Work, exchange};
use crate::production::files::{Fault, fault};
use crate::production::rules::Refused;
use crate::production::rules::shelf::{Event, State, step};
use crate::production::store::delivery::{self as store, Delivery};
use crate::production::store::files as file_store;
use crate::production::{FILE_DAYS, UNCOLLECTED_DAYS};
use crate::rules::{self as card_rules, Card, Command, Context};

fn outlet_of(actor: &Actor) -> Result<Id, Problem> {
    let desk = matches!(actor.role, Role::Clerk | Role::OutletManager);
    actor.org.filter(|_| desk).ok_or_else(Problem::forbidden)
}

impl Work {
    fn of_delivery(
        &self,
        act: &'static str,
        delivery: &Delivery,
        fields: &[&'static str],
    ) -> Entry {
        let detail = json!({"state": delivery.state.code()});
        let entry = self.entry(act).about(delivery.person).on("card", delivery.card);
        Entry { detail, ..entry.why("发卡 / delivery of the card", fields) }
    }

    /// The delivery of a person's produced card at an outlet; a card that was made without production
    /// gets its place on the shelf now.
    fn delivery(
        &self,
        tx: &mut Tx<'_>,
        person: Id,
        outlet: Id,
    ) -> Result<(Card, Delivery), Problem> {
        let card = crate::store::in_the_making(tx, person)?.ok_or(card_rules::Refused::NoCard)?;
        if card.outlet != outlet {
            return Err(card_rules::Refused::OtherOutlet.into());
        }
        if card.stage != card_rules::Stage::Produced {
            return Err(card_rules::Refused::WrongStage(card.stage).into());
        }
        if let Some(delivery) = store::of_card(tx, person, card.id)? {
            return Ok((card, delivery));
        }
        let shelf = store::draw_shelf(tx, outlet, 1)?;
        let key = (person, card.id, outlet);
        store::insert(tx, key, (State::Shelf, ""), shelf, self.now)?;
        let delivery = store::of_card(tx, person, card.id)?.ok_or_else(Problem::not_found)?;
        Ok((card, delivery))
    }
}

/// The holder wants the card by post to this address, or (with an empty one) at the outlet after all.
///
/// # Errors
/// The card is with the post already, or the address is too short to be one.
pub async fn choose(
    app: &App,
    actor: &Actor,
    person: Id,
    address: &str,
) -> Result<Delivery, Problem> {
    let outlet = outlet_of(actor)?;
    let address: String = address.trim().chars().take(200).collect();
    if (1..6).contains(&address.chars().count()) {
        return Err(Refused::NoAddress.into());
    }
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let (_, mut delivery) = work.delivery(tx, person, outlet)?;
            let event = if address.is_empty() { Event::WantPickUp } else { Event::WantPost };
            delivery.state = step(delivery.state, event)?;
            (delivery.address, delivery.since) = (address.clone(), work.now);
            store::update(tx, &delivery)?;
            journal::record(tx, &work.of_delivery("delivery.chosen", &delivery, &["address"]))?;
            Ok(delivery)
        })
        .await
}

/// The list for the post: `card number|name|phone|address`, one line for each letter. Each person's
/// data is journalled as told.
///
/// # Errors
/// The role is not at an outlet.
pub async fn post_list(app: &App, actor: &Actor) -> Result<String, Problem> {
    let outlet = outlet_of(actor)?;
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let waiting = store::at_outlet(tx, outlet, State::ToPost, 5_000)?;
            let people = people_of(tx, &waiting)?;
            let (mut text, mut entries) = (String::new(), Vec::new());
            let entry = work.entry("delivery.listed").on("outlet", outlet);
            entries.push(Entry { detail: json!({"letters": waiting.len()}), ..entry });
            for delivery in &waiting {
                let card = crate::store::in_the_making(tx, delivery.person)?;
                let number = card.and_then(|card| card.card_no).unwrap_or_default();
                let Some(person) = people.get(&delivery.person) else { continue };
                let fields = [&number, &person.name, &person.phone, &delivery.address];
                let line: Vec<String> = fields.map(|f| f.replace(['|', '\n', '\r'], " ")).into();
                text.push_str(&(line.join("|") + "\n"));
                let told = ["name", "phone", "address"];
                entries.push(work.of_delivery("delivery.told-the-post", delivery, &told));
            }
            journal::record_all(tx, &entries)?;
            Ok(text)
        })
        .await
}

fn people_of(tx: &mut Tx<'_>, list: &[Delivery]) -> Result<HashMap<Id, Person>, Problem> {
    let ids: Vec<Id> = list.iter().map(|delivery| delivery.person).collect();
    Ok(people::store::by_ids(tx, &ids)?.into_iter().map(|person| (person.id, person)).collect())
}

/// What the post says about one letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostLine {
    /// Number of the card in it.
    pub card_no: String,
    /// [`Event::Post`], [`Event::Deliver`] or [`Event::Return`].
    pub event: Event,
    /// Tracking number.
    pub tracking: String,
}

/// Reads a file of the post: `card number|posted, delivered or returned|tracking number`.
///
/// # Errors
/// All faults found, with their lines.
pub fn read_post(text: &str) -> Result<Vec<PostLine>, Vec<Fault>> {
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        let [card_no, event, tracking] = fields.as_slice() else {
            faults.push(fault(index + 1, "应为3个字段", "Three fields are expected"));
            continue;
        };
        let event = match *event {
            "posted" => Event::Post,
            "delivered" => Event::Deliver,
            "returned" => Event::Return,
            _ => {
                faults.push(fault(index + 1, "邮寄状态不正确", "The state is wrong"));
                continue;
            }
        };
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !crate::number::looks_like(card_no) {
            faults.push(fault(index + 1, "卡号不正确", "The card number is wrong"));
        } else if !(6..=30).contains(&tracking.len()) || !plain(tracking) {
            faults.push(fault(index + 1, "运单号不正确", "The tracking number is wrong"));
        } else {
            let (card_no, tracking) = ((*card_no).to_owned(), (*tracking).to_owned());
            lines.push(PostLine { card_no, event, tracking });
        }
    }
    if lines.is_empty() && faults.is_empty() {
        faults.push(fault(1, "文件是空的", "The file is empty"));
    }
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

/// Takes a file of the post, whole or not at all; what it says again changes nothing. Returns how many
/// letters moved.
///
/// # Errors
/// [`Refused::FileRefused`] with the faults, line by line.
pub async fn take_post(app: &App, actor: &Actor, bytes: Vec<u8>) -> Result<usize, Problem> {
    let outlet = outlet_of(actor)?;
    let refused = |faults| Outcome::Refused(faults).or_problem().map(|_| 0);
    let Ok(text) = String::from_utf8(bytes) else {
        return refused(vec![fault(1, "文件应为 UTF-8", "The file must be UTF-8")]);
    };
    let lines = match read_post(&text) {
        Ok(lines) => lines,
        Err(faults) => return refused(faults),
    };
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let (mut faults, mut entries, mut moved) = (Vec::new(), Vec::new(), 0);
            for (index, line) in lines.iter().enumerate() {
                match work.post_step(tx, outlet, line)? {
                    Ok(Some(entry)) => {
                        moved += 1;
                        entries.push(entry);
                    }
                    Ok(None) => {}
                    Err((zh, en)) => faults.push(fault(index + 1, zh, en)),
                }
            }
            if !faults.is_empty() {
                return Outcome::Refused(faults).or_problem().map(|_| 0);
            }
            let entry = work.entry("delivery.post-file").on("outlet", outlet);
            entries.push(Entry { detail: json!({"moved": moved}), ..entry });
            journal::record_all(tx, &entries)?;
            Ok(moved)
        })
        .await
}

type Told = (&'static str, &'static str);

impl Work {
    /// One line of the post: `None` when it was known already.
    fn post_step(
        &self,
        tx: &mut Tx<'_>,
        outlet: Id,
        line: &PostLine,
    ) -> Result<Result<Option<Entry>, Told>, Problem> {
        let unknown = Ok(Err(("没有这张邮寄的卡", "No such card is to be posted")));
        let Some(person) = crate::store::person_of_number(tx, &line.card_no)? else {
            return unknown;
        };
        let Some(card) = crate::store::in_the_making(tx, person)? else { return unknown };
        let delivery = store::of_card(tx, person, card.id)?;
        let Some(mut delivery) = delivery.filter(|delivery| delivery.outlet == outlet) else {
            return unknown;
        };
        if card.card_no.as_deref() != Some(line.card_no.as_str()) {
            return unknown;
        }
        let same = delivery.tracking == line.tracking;
        let known = match line.event {
            Event::Post => same,
            Event::Deliver => same && delivery.state == State::HandedOver,
            _ => same && delivery.returned_at.is_some(),
        };
        if known {
            return Ok(Ok(None));
        }
        if line.event != Event::Post && !same {
            return Ok(Err(("运单号与交寄时不一致", "The tracking number is another one")));
        }
        let Ok(state) = step(delivery.state, line.event) else {
            return Ok(Err(("该卡的邮寄状态不符", "The letter is at another step")));
        };
        (delivery.state, delivery.since) = (state, self.now);
        match line.event {
            Event::Post => {
                delivery.tracking.clone_from(&line.tracking);
                (delivery.posted_at, delivery.returned_at) = (Some(self.now), None);
            }
            Event::Deliver => {
                let person =
                    people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
                (delivery.receiver, delivery.handed_over_at) =
                    (person.name.clone(), Some(self.now));
                self.hand_over_card(tx, &card, &person, &person.name)?;
            }
            _ => {
                // The letter lies at the outlet again, under a new number.
                delivery.shelf = store::draw_shelf(tx, outlet, 1)?;
                delivery.returned_at = Some(self.now);
                delivery.address.clear();
            }
        }
        store::update(tx, &delivery)?;
        Ok(Ok(Some(self.of_delivery("delivery.moved", &delivery, &[]))))
    }

    fn hand_over_card(
        &self,
        tx: &mut Tx<'_>,
        card: &Card,
        person: &Person,
        to: &str,
    ) -> Result<(), Problem> {
        let command = Command::HandOver { to: to.to_owned() };
        let context = Context::new(person, self.now, Some(card.outlet));
        let event = card_rules::decide(Some(card), &command, &context)?;
        let mut card = card.clone();
        card_rules::apply(&mut card, &event);
        Ok(crate::store::set_handed_over(tx, &card, to, self.now)?)
    }
}

/// Who took a card, and on what evidence (Art. 12).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandOver {
    /// Name on the document shown.
    pub receiver: String,
    /// Code of the [`DocumentKind`] shown.
    pub document: String,
    /// Document number of an agent; empty when the holder came himself.
    pub agent_number: String,
    /// Relation of the agent to the holder.
    pub relation: String,
}

impl HandOver {
    fn check(&self, person: &Person) -> Result<Self, Refused> {
        let trim = |text: &String| text.trim().chars().take(60).collect::<String>();
        let checked = Self {
            receiver: trim(&self.receiver),
            document: trim(&self.document),
            agent_number: trim(&self.agent_number),
            relation: trim(&self.relation),
        };
        DocumentKind::from_code(&checked.document).ok_or(Refused::NoDocument)?;
        let agent = !checked.agent_number.is_empty() || !checked.relation.is_empty();
        let complete = !checked.agent_number.is_empty() && !checked.relation.is_empty();
        let himself = checked.receiver == person.name;
        if checked.receiver.is_empty() || (agent && !complete) || (!himself && !agent) {
            return Err(Refused::AgentIncomplete);
        }
        Ok(checked)
    }
}

/// Hands a card over at the counter, with its evidence.
///
/// # Errors
/// The card is not on this outlet's shelf, or the evidence is incomplete.
pub async fn hand_over(
    app: &App,
    actor: &Actor,
    person: Id,
    evidence: HandOver,
) -> Result<Delivery, Problem> {
    let outlet = outlet_of(actor)?;
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let person =
                people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
            let (card, mut delivery) = work.delivery(tx, person.id, outlet)?;
            let evidence = evidence.check(&person)?;
            delivery.state = step(delivery.state, Event::HandOver)?;
            work.hand_over_card(tx, &card, &person, &evidence.receiver)?;
            delivery.since = work.now;
            (delivery.receiver, delivery.document) = (evidence.receiver, evidence.document);
            (delivery.agent_number, delivery.relation) = (evidence.agent_number, evidence.relation);
            delivery.handed_over_at = Some(work.now);
            delivery.handed_over_by = Some(actor.account);
            store::update(tx, &delivery)?;
            let fields = ["receiver", "document", "agent_number", "relation"];
            journal::record(tx, &work.of_delivery("card.handed-over", &delivery, &fields))?;
            Ok(delivery)
        })
        .await
}

/// Deliveries of an outlet.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// On the shelf for longer than the setting says.
    pub uncollected: Vec<Delivery>,
    /// On the shelf.
    pub shelf: Vec<Delivery>,
    /// To be given to the post.
    pub to_post: Vec<Delivery>,
    /// With the post.
    pub posted: Vec<Delivery>,
    /// Days of the setting.
    pub days: i64,
}

/// What lies at an outlet and what is on its way.
///
/// # Errors
/// See [`Problem`].
pub async fn shelf(app: &App, outlet: Id) -> Result<Shelf, Problem> {
    app.db
        .read(move |tx| {
            let now = Utc::now();
            let days = settings::get(tx, &UNCOLLECTED_DAYS, now)?;
            let long_ago = now.plus_seconds(-days * 86_400);
            let all = store::at_outlet(tx, outlet, State::Shelf, 1_000)?;
            let (uncollected, shelf) = all.into_iter().partition(|one| one.since < long_ago);
            Ok(Shelf {
                uncollected,
                shelf,
                to_post: store::at_outlet(tx, outlet, State::ToPost, 1_000)?,
                posted: store::at_outlet(tx, outlet, State::Posted, 1_000)?,
                days,
            })
        })
        .await
}

/// Reminds holders whose cards lie on a shelf for too long; again after as many days. Returns how many.
///
/// # Errors
/// See [`Problem`].
pub async fn remind(app: &App) -> Result<usize, Problem> {
    let app_in = app.clone();
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &Actor::system());
            let days = settings::get(tx, &UNCOLLECTED_DAYS, work.now)?;
            let due = store::to_remind(tx, work.now.plus_seconds(-days * 86_400), 500)?;
            let people = people_of(tx, &due)?;
            let mut entries = Vec::with_capacity(due.len());
            for mut delivery in due {
                delivery.reminded_at = Some(work.now);
                store::update(tx, &delivery)?;
                let phone = people.get(&delivery.person).map(|person| person.phone.clone());
                if let Some(to) = phone.filter(|phone| !phone.is_empty()) {
                    let text = format!(
                        "【一卡通】您的社会保障卡已在网点等候{days}天以上，取卡号{}，请携带有效身份证件领取，或联系网点改为邮寄。",
                        delivery.shelf
                    );
                    outbox::put_sms(tx, app_in.id(), work.now, &Sms { to, text })?;
                }
                entries.push(work.of_delivery("delivery.reminded", &delivery, &["phone"]));
            }
            if !entries.is_empty() {
                journal::record_all(tx, &entries)?;
            }
            Ok(entries.len())
        })
        .await
}

/// Erases contents of files that are older than the setting says, in the database and in the folders of
/// answers. Returns how many.
///
/// # Errors
/// See [`Problem`].
pub async fn erase_old_files(app: &App) -> Result<u64, Problem> {
    let now = Utc::now();
    let days = app.db.read(move |tx| settings::get(tx, &FILE_DAYS, now)).await?;
    let before = now.plus_seconds(-days * 86_400);
    let forgotten = exchange::forget(app, before).await?;
    let app_in = app.clone();
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &Actor::system());
            let erased = forgotten + file_store::erase_before(tx, before)?;
            let entry = work.entry("production.files-erased").why("到期清除 / retention", &[]);
            journal::record(tx, &Entry { detail: json!({"files": erased}), ..entry })?;
            Ok(erased)
        })
        .await
}
