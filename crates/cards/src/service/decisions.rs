//! What needs two people: destroying a card that has ended, and bringing back to life somebody who
//! was wrongly declared dead (Art. 13).

use kernel::actor::Actor;
use kernel::approval::{self, Approval};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use kernel::work;

use crate::rules::{self, Card, Refused, Stage};
use crate::store;

const DESTROY: &str = "card.destroy";
const REVIVE: &str = "person.revive";

/// What waits for a second person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The question.
    pub approval: Approval,
    /// Whether it is about a destruction; else about a person wrongly declared dead.
    pub destroy: bool,
}

/// Asks a second person to confirm that a card is destroyed.
///
/// # Errors
/// The card has not ended, or waits already.
pub async fn ask_destroy(
    app: &App,
    actor: &Actor,
    person: Id,
    card: Id,
    how: String,
) -> Result<(), Problem> {
    if how.trim().is_empty() {
        let text = Text::new("请填写销毁方式和地点", "How and where it is destroyed");
        return Err(Problem::field("how", text));
    }
    let entry = Entry::new(app.id(), Utc::now(), actor, "card.destruction-asked", "Art. 13")
        .about(person)
        .on("card", card)
        .why("申请销毁", &["card"]);
    let (id, actor) = (app.id(), actor.clone());
    app.db
        .write(move |tx| {
            let card = store::by_id(tx, person, card)?.ok_or(Refused::NoCard)?;
            rules::may_destroy(&card)?;
            let number = card.card_no.as_deref().unwrap_or("—");
            let summary = format!("{number}: {}", how.trim());
            ask(tx, id, &actor, DESTROY, &object(person, card.id), &summary)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Asks a second person to confirm that somebody was wrongly declared dead. The cancelled card stays
/// cancelled; the person may apply for a new one, free of charge, as for the first.
///
/// # Errors
/// The person is alive on record, or the question waits already.
pub async fn ask_revive(
    app: &App,
    actor: &Actor,
    person: Id,
    evidence: String,
) -> Result<(), Problem> {
    if evidence.trim().is_empty() {
        return Err(Refused::EvidenceMissing.into());
    }
    let entry = Entry::new(app.id(), Utc::now(), actor, "person.revival-asked", "Art. 13")
        .about(person)
        .on("person", person)
        .why("误登记死亡更正", &["deceased_on"]);
    let (id, actor) = (app.id(), actor.clone());
    app.db
        .write(move |tx| {
            let known = people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
            if known.deceased_on.is_none() {
                return Err(alive());
            }
            let summary = format!("{}: {}", known.name, evidence.trim());
            ask(tx, id, &actor, REVIVE, &object(person, person), &summary)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn alive() -> Problem {
    Problem::new(
        409,
        "cards/alive-on-record",
        Text::new("该人员未登记死亡", "This person is alive on record"),
        Text::new("无需更正", "Nothing is to be corrected"),
    )
}

fn object(person: Id, thing: Id) -> String {
    format!("{person}/{thing}")
}

fn ask(
    tx: &mut Tx<'_>,
    id: Id,
    maker: &Actor,
    kind: &str,
    object: &str,
    summary: &str,
) -> Result<(), Problem> {
    let asked = approval::ask(tx, id, maker, kind, object, summary, Utc::now());
    asked.map_err(|error| match error {
        DbError::Unique(_) => Problem::new(
            409,
            "cards/waits-already",
            Text::new("已提交，等待他人复核", "This waits for a second person already"),
            Text::new("请由另一位工作人员复核", "Ask a colleague to confirm it"),
        ),
        other => other.into(),
    })
}

/// All that waits for a second person.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &App) -> Result<Vec<Waiting>, Problem> {
    app.db
        .read(|tx| {
            let mut all = Vec::new();
            for (kind, destroy) in [(DESTROY, true), (REVIVE, false)] {
                let open = approval::open(tx, kind)?;
                all.extend(open.into_iter().map(|approval| Waiting { approval, destroy }));
            }
            Ok(all)
        })
        .await
}

/// A second person confirms or sends back.
///
/// # Errors
/// It was his own question, or is decided already.
pub async fn decide(
    app: &App,
    actor: &Actor,
    id: Id,
    yes: bool,
    comment: String,
) -> Result<(), Problem> {
    let (entry_id, actor) = (app.id(), actor.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let approval = approval::decide(tx, id, &actor, yes, &comment, now)?;
            let (person, thing) = approval.object.split_once('/').unwrap_or_default();
            let person: Id = person.parse().map_err(|_| Problem::not_found())?;
            let thing: Id = thing.parse().map_err(|_| Problem::not_found())?;
            let act = match (approval.kind.as_str(), yes) {
                (DESTROY, true) => {
                    destroy(tx, person, thing, now)?;
                    "card.destroyed"
                }
                (REVIVE, true) => {
                    revive(tx, person)?;
                    "person.revived"
                }
                (DESTROY | REVIVE, false) => "card.second-person-refused",
                _ => return Err(Problem::not_found()),
            };
            let entry = Entry::new(entry_id, now, &actor, act, "Art. 13")
                .about(person)
                .on("approval", id)
                .why(&approval.summary, &["card"]);
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn destroy(tx: &mut Tx<'_>, person: Id, card: Id, now: Utc) -> Result<(), Problem> {
    let mut card: Card = store::by_id(tx, person, card)?.ok_or(Refused::NoCard)?;
    rules::may_destroy(&card)?;
    card.stage = Stage::Destroyed;
    Ok(store::save(tx, &card, "", now)?)
}

fn revive(tx: &mut Tx<'_>, person: Id) -> Result<(), Problem> {
    let person = people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
    Ok(people::store::set_deceased(tx, &person, None)?)
}

/// How many wait for another than their maker.
///
/// # Errors
/// See [`DbError`].
pub fn count_decisions(tx: &mut Tx<'_>, actor: &Actor, _: Utc) -> Result<work::Waiting, DbError> {
    work::decisions(tx, actor, &[DESTROY, REVIVE])
}
