//! Use cases of cards: load, decide, and in one transaction write state, journal and what follows.

use kernel::actor::{Actor, Role};
use kernel::auth::{self, NewAccount};
use kernel::db::{DbError, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::rules::Person;
use people::service as people_service;
use seal::id36904::CertificateId;

use crate::number;
use crate::rules::{self, Card, Command, Context, Event, Refused, Stage};
use crate::store::{self, ECard};

/// Type code of the electronic social security card after GB/T 36903.
const CERTIFICATE_KIND: &str = "11100000000013338W009";

/// Carries out a command on a person's living card, as a clerk.
///
/// # Errors
/// [`Refused`] as a problem, or the database's word; nothing has happened then.
pub async fn perform(
    app: &App,
    actor: &Actor,
    person: Id,
    command: Command,
) -> Result<Card, Problem> {
    let outlet = actor.org.ok_or_else(Problem::forbidden)?;
    let hash = password_hash(&command).await;
    let (app_in, actor) = (app.clone(), actor.clone());
    let ids = [app.id(), app.id(), app.id(), app.id()];
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let person =
                people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
            let card = store::living(tx, person.id)?;
            let context = Context { person: &person, today: now.day(), outlet };
            let event = rules::decide(card.as_ref(), &command, &context)?;
            let step = Step { app: &app_in, actor: &actor, person: &person, ids, outlet, now };
            step.carry_out(tx, card, &command, &event, &hash)
        })
        .await
}

/// Argon2id takes tens of milliseconds: outside the transaction, off the runtime's threads.
async fn password_hash(command: &Command) -> String {
    let Command::Activate { password } = command else { return String::new() };
    let (password, salt) = (password.clone(), random::<16>());
    let hash = tokio::task::spawn_blocking(move || seal::password::hash(&password, &salt)).await;
    hash.unwrap_or_default()
}

struct Step<'a> {
    app: &'a Platform,
    actor: &'a Actor,
    person: &'a Person,
    ids: [Id; 4],
    outlet: Id,
    now: Utc,
}

impl Step<'_> {
    fn carry_out(
        &self,
        tx: &mut Tx<'_>,
        card: Option<Card>,
        command: &Command,
        event: &Event,
        hash: &str,
    ) -> Result<Card, Problem> {
        let mut card = card.unwrap_or_else(|| self.new_card());
        rules::apply(&mut card, event);
        match (event, command) {
            (Event::Applied, Command::Apply { guardian }) => {
                let inserted = store::insert(tx, &card, guardian.trim(), self.ids[1]);
                // Two applications at the same moment: the database lets one in.
                inserted.map_err(|error| match error {
                    DbError::Unique(_) => Refused::OnePersonOneCard.into(),
                    other => Problem::from(other),
                })?;
            }
            (Event::Produced { .. }, _) => self.produce(tx, &mut card)?,
            (Event::HandedOver, Command::HandOver { to }) => {
                store::set_handed_over(tx, &card, to.trim(), self.now)?;
            }
            (Event::Activated, _) => self.activate(tx, &card, hash)?,
            _ => return Err(DbError::Engine("an event without its command".to_owned()).into()),
        }
        journal::record(tx, &self.entry(&card, event))?;
        Ok(card)
    }

    fn new_card(&self) -> Card {
        Card {
            person: self.person.id,
            id: self.ids[0],
            stage: Stage::Ordered,
            outlet: self.outlet,
            delivery: "counter".to_owned(),
            card_no: None,
            expires_on: None,
            applied_at: self.now,
            version: 1,
        }
    }

    fn produce(&self, tx: &mut Tx<'_>, card: &mut Card) -> Result<(), Problem> {
        card.card_no = Some(number::card_number(store::draw_number(tx)?));
        let identifier = number::identifier(&self.app.config.region, random::<8>());
        Ok(store::set_produced(tx, card, &identifier, self.now)?)
    }

    /// The card becomes usable; in the same act the electronic card is issued (Art. 2, 5) and the
    /// holder's account is opened.
    fn activate(&self, tx: &mut Tx<'_>, card: &Card, hash: &str) -> Result<(), Problem> {
        store::set_active(tx, card, self.now)?;
        let card_no = card.card_no.clone().unwrap_or_default();
        let certificate = CertificateId {
            kind: CERTIFICATE_KIND.to_owned(),
            issuer: self.app.config.issuer_code.clone(),
            serial: card_no.clone(),
            version: 1,
        };
        store::issue_ecard(tx, card, &certificate.to_string(), &random::<8>(), self.now)?;
        self.open_account(tx, &card_no, hash)?;
        let text = "【一卡通】您的社会保障卡和电子社会保障卡已启用，可在手机上出示。如非本人办理请致电12333。";
        let sms = Sms { to: self.person.phone.clone(), text: text.to_owned() };
        Ok(outbox::put_sms(tx, self.ids[3], self.now, &sms)?)
    }

    fn open_account(&self, tx: &mut Tx<'_>, card_no: &str, hash: &str) -> Result<(), DbError> {
        let sql = "SELECT id FROM account WHERE person_id = $1 AND closed_at IS NULL";
        let known = tx.optional(sql, &[v(self.person.id)])?;
        let account = match known {
            Some(row) => row.get(0)?,
            None => {
                let account = NewAccount {
                    id: self.ids[2],
                    role: Role::Holder,
                    name: self.person.name.clone(),
                    org: None,
                    division: String::new(),
                    person: Some(self.person.id),
                    phone: Some(self.person.phone.clone()),
                };
                auth::create_account(tx, &account, self.now)?;
                auth::add_login(tx, account.id, self.person.number.as_str())?;
                account.id
            }
        };
        auth::add_login(tx, account, card_no)?;
        auth::set_password(tx, account, hash)
    }

    fn entry(&self, card: &Card, event: &Event) -> Entry {
        let (act, basis, purpose) = match event {
            Event::Applied => ("card.applied", "Art. 5", "申领实体和电子社会保障卡"),
            Event::Produced { .. } => ("card.produced", "Art. 11", "制卡"),
            Event::HandedOver => ("card.handed-over", "Art. 11", "发卡"),
            Event::Activated => ("card.activated", "Art. 11", "激活，同时签发电子社会保障卡"),
        };
        Entry::new(self.app.id(), self.now, self.actor, act, basis)
            .about(self.person.id)
            .on("card", card.id)
            .why(purpose, &["card"])
    }
}

/// Makes all ordered cards of the clerk's outlet; returns how many.
///
/// # Errors
/// The first failure ends the batch; cards made before it stay made.
pub async fn produce_batch(app: &App, actor: &Actor) -> Result<usize, Problem> {
    let outlet = actor.org.ok_or_else(Problem::forbidden)?;
    let waiting: Vec<Card> = app
        .db
        .read(move |tx| Ok::<_, Problem>(store::at_outlet(tx, outlet, &Stage::Ordered, 1_000)?))
        .await?;
    for card in &waiting {
        perform(app, actor, card.person, Command::Produce).await?;
    }
    Ok(waiting.len())
}

/// A person with his cards, as shown at the desk.
#[derive(Clone, Debug)]
pub struct Glance {
    /// The person.
    pub person: Person,
    /// His living card.
    pub card: Option<Card>,
    /// The electronic card beside it.
    pub ecard: Option<ECard>,
}

/// The person at a glance; the look is journalled.
///
/// # Errors
/// There is no such person, or the database's word.
pub async fn glance(app: &App, actor: &Actor, person: Id) -> Result<Glance, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "person.read", "Art. 19");
    app.db
        .write(move |tx| {
            let person = people_service::read(tx, entry.clone(), person, "窗口办理 / at the desk")?;
            let (card, ecard) = cards_of(tx, person.id)?;
            Ok(Glance { person, card, ecard })
        })
        .await
}

/// Both cards of a person.
///
/// # Errors
/// See [`DbError`].
pub fn cards_of(tx: &mut Tx<'_>, person: Id) -> Result<(Option<Card>, Option<ECard>), DbError> {
    let card = store::living(tx, person)?;
    let ecard = match &card {
        Some(card) => store::ecard_of(tx, card)?,
        None => None,
    };
    Ok((card, ecard))
}

/// One thing that a clerk could do, and why not now.
#[derive(Clone, Debug)]
pub struct Possible {
    /// The command, with empty parts.
    pub command: Command,
    /// Why the rules refuse it now.
    pub refused: Option<Refused>,
}

/// What the rules allow for this person now; those that need only what is still to be typed count as
/// allowed.
pub fn possible(glance: &Glance, outlet: Id) -> Vec<Possible> {
    let context = Context { person: &glance.person, today: Utc::now().day(), outlet };
    let commands = [
        Command::Apply { guardian: String::new() },
        Command::Produce,
        Command::HandOver { to: String::new() },
        Command::Activate { password: String::new() },
    ];
    let look = |command: Command| {
        let refused = rules::decide(glance.card.as_ref(), &command, &context).err();
        let only_input_missing = |refused: &Refused| {
            matches!(
                refused,
                Refused::ReceiverMissing | Refused::WeakPassword | Refused::GuardianNeeded
            )
        };
        Possible { command, refused: refused.filter(|refused| !only_input_missing(refused)) }
    };
    commands.into_iter().map(look).collect()
}
