//! Use cases of cards: load, decide, and in one transaction write state, journal and what follows.

pub mod bank;
mod carry;
pub mod decisions;
pub mod entrusted;
pub mod hotline;
mod jobs;
mod look;
mod own;
pub mod relatives;

use std::collections::HashMap;
use std::sync::OnceLock;

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::law::{Article, Text};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use people::freezes::{self, Want};
use people::number::{PersonNumber, Strictness};
use people::representatives::{self, Claim, Representative};
use people::rules::Person;

use crate::rules::{self, Card, Cause, Command, Context, Elsewhere, Event, Pending, Stage};
use crate::settings::{FEE_FEN, TEMPORARY_DAYS};
use crate::store;
use carry::Step;

pub use jobs::jobs;
pub use look::{Glance, Possible, cards_of, glance, holdings, possible};
pub(crate) use own::OWN_CAUSES;
pub use own::{OwnAct, perform_own_act};

/// The cards that a command may be about.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// The card in use, or the first one while it is being made.
    pub living: Option<Card>,
    /// The card that will take its place.
    pub coming: Option<Card>,
}

impl Holdings {
    /// Both cards of a person, as far as there are any.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn load(tx: &mut Tx<'_>, person: Id) -> Result<Self, DbError> {
        Ok(Self { living: store::living(tx, person)?, coming: store::coming(tx, person)? })
    }

    /// The card that a command is about: what concerns making, handing over and first use is about
    /// the coming card when there is one; everything else is about the one in use.
    pub fn target(&self, command: &Command) -> Option<&Card> {
        let making = matches!(
            command,
            Command::Produce
                | Command::HandOver { .. }
                | Command::Activate { .. }
                | Command::Withdraw
        );
        let coming = self.coming.as_ref().filter(|_| making);
        coming.or(self.living.as_ref())
    }

    /// What the rules look at for these cards.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn context<'a>(
        &self,
        tx: &mut Tx<'_>,
        person: &'a Person,
        outlet: Option<Id>,
        now: Utc,
    ) -> Result<Context<'a>, DbError> {
        let freezes = freezes::store::live_of(tx, person.id)?;
        Ok(Context {
            under_way: self.coming.is_some(),
            pending: pending(tx, person.id, now)?,
            frozen: freezes::rules::stops(&freezes, Want::Card).is_some(),
            temporary_days: settings::get(tx, &TEMPORARY_DAYS, now)?,
            fee_fen: settings::get(tx, &FEE_FEN, now)?,
            elsewhere: elsewhere_of(tx, self.coming.as_ref().or(self.living.as_ref()))?,
            ..Context::new(person, now, outlet)
        })
    }
}

/// What must be settled before a card of this person is cancelled (Art. 13).
fn pending(tx: &mut Tx<'_>, person: Id, now: Utc) -> Result<Vec<Pending>, DbError> {
    let records = people::records::of(tx, person)?;
    let today = now.day();
    let acts = |one: &people::representatives::Representative| {
        one.ended_at.is_none() && one.from <= today && today <= one.until
    };
    let agents = people::representatives::store::of(tx, &records)?;
    let represented = agents.iter().any(acts).then_some(Pending::Representative);
    let paid = match MONEY_UNDER_WAY.get() {
        Some(asked) => asked(tx, &records)?.then_some(Pending::Payment),
        None => None,
    };
    Ok(represented.into_iter().chain(paid).collect())
}

/// Whether money is on its way to the card of one of these records of a person (Art. 8, 13).
pub type MoneyUnderWay = fn(&mut Tx<'_>, &[Id]) -> Result<bool, DbError>;

static MONEY_UNDER_WAY: OnceLock<MoneyUnderWay> = OnceLock::new();

/// Says whom to ask for money under way before a card is cancelled (Art. 13). Payments know cards and
/// not the other way round, so the platform puts the two together when it starts; the first word counts.
pub fn ask_for_money(asked: MoneyUnderWay) {
    MONEY_UNDER_WAY.get_or_init(|| asked);
}

/// What other regions say about first cards that wait to be made: those it does not name are clear.
pub type AskedElsewhere = fn(&mut Tx<'_>, &[Id]) -> Result<HashMap<Id, Elsewhere>, DbError>;

static ELSEWHERE: OnceLock<AskedElsewhere> = OnceLock::new();

/// Says whom to ask before a first card is made (Art. 5, 17); the first word counts.
pub fn ask_elsewhere(asked: AskedElsewhere) {
    ELSEWHERE.get_or_init(|| asked);
}

/// What other regions say about these cards.
///
/// # Errors
/// See [`DbError`].
pub(crate) fn elsewhere(tx: &mut Tx<'_>, cards: &[Id]) -> Result<HashMap<Id, Elsewhere>, DbError> {
    match ELSEWHERE.get() {
        Some(asked) if !cards.is_empty() => asked(tx, cards),
        _ => Ok(HashMap::new()),
    }
}

/// What they say about one card; a card that takes another's place was asked about before.
pub(crate) fn elsewhere_of(tx: &mut Tx<'_>, card: Option<&Card>) -> Result<Elsewhere, DbError> {
    let first = |card: &&Card| card.stage == Stage::Ordered && card.cause == Cause::First;
    match card.filter(first) {
        Some(card) => Ok(elsewhere(tx, &[card.id])?.remove(&card.id).unwrap_or_default()),
        None => Ok(Elsewhere::Clear),
    }
}

/// Carries out a command on a person's card, as a clerk.
///
/// # Errors
/// [`rules::Refused`] as a problem, or the database's word; nothing has happened then.
pub async fn perform(
    app: &App,
    actor: &Actor,
    person: Id,
    command: Command,
) -> Result<Card, Problem> {
    let outlet = actor.org.ok_or_else(Problem::forbidden)?;
    perform_at(app, actor, person, command, Some(outlet)).await
}

/// Carries out a command as a clerk for somebody who acts for the person (代办): a guardian, or an agent
/// within his scope, by the number on his document. Without a number the person himself is there.
///
/// # Errors
/// As [`perform`], or he may not act (Art. 12).
pub async fn perform_for(
    app: &App,
    clerk: &Actor,
    person: Id,
    command: Command,
    agent: &str,
) -> Result<Card, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let hands = prepare(app, &command, agent).await;
    let clerk = clerk.clone();
    app.db.write(move |tx| perform_in(tx, &hands, &clerk, person, &command, Some(outlet))).await
}

/// What [`perform_in`] needs for a command; a password is hashed here. `agent` is the number on the document
/// of somebody who acts for the person, or empty.
pub async fn prepare(app: &App, command: &Command, agent: &str) -> Hands {
    let hash = password_hash(command).await;
    Hands { hash, agent: agent.trim().to_owned(), ..Hands::new(app) }
}

/// Carries out a command for whoever acts: a clerk at his outlet, the holder, a hotline, a job.
///
/// # Errors
/// As [`perform`].
pub async fn perform_at(
    app: &App,
    actor: &Actor,
    person: Id,
    command: Command,
    outlet: Option<Id>,
) -> Result<Card, Problem> {
    let hands = Hands { hash: password_hash(&command).await, ..Hands::new(app) };
    let actor = actor.clone();
    app.db.write(move |tx| perform_in(tx, &hands, &actor, person, &command, outlet)).await
}

/// What a command needs from outside its transaction: fresh ids, and the hash of a password.
pub struct Hands {
    app: App,
    ids: [Id; 4],
    hash: String,
    /// Number on the document of somebody who acts for the person; empty when he is there himself.
    agent: String,
    /// Id for an entry of the caller's own.
    pub(crate) entry: Id,
}

impl Hands {
    pub(crate) fn new(app: &App) -> Self {
        let ids = [app.id(), app.id(), app.id(), app.id()];
        Self { app: app.clone(), ids, hash: String::new(), agent: String::new(), entry: app.id() }
    }
}

/// Carries out a command inside the caller's transaction.
///
/// # Errors
/// As [`perform`].
pub fn perform_in(
    tx: &mut Tx<'_>,
    hands: &Hands,
    actor: &Actor,
    person: Id,
    command: &Command,
    outlet: Option<Id>,
) -> Result<Card, Problem> {
    let now = Utc::now();
    let person = people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
    let agent = agent_of(tx, hands, &person, command, now)?;
    let held = Holdings::load(tx, person.id)?;
    let context = held.context(tx, &person, outlet, now)?;
    let card = held.target(command).cloned();
    let event = rules::decide(card.as_ref(), command, &context)?;
    let (app, ids) = (&hands.app, hands.ids);
    let step = Step { app, actor, person: &person, ids, outlet, now, agent };
    step.carry_out(tx, card, command, &event, &hands.hash)
}

/// Who acts for the person, when somebody does and may (Art. 12).
fn agent_of(
    tx: &mut Tx<'_>,
    hands: &Hands,
    person: &Person,
    command: &Command,
    now: Utc,
) -> Result<Option<Representative>, Problem> {
    if hands.agent.is_empty() {
        return Ok(None);
    }
    let act = command.act().ok_or_else(not_by_agent)?;
    let number = PersonNumber::parse(&hands.agent, now.day(), Strictness::WithEvidence);
    let number =
        number.map_err(|error| Problem::field("agent", Text::new(error.zh(), error.en())))?;
    let claim = Claim::Number(number.number);
    representatives::may_act(tx, person.id, &claim, act, now.day()).map(Some)
}

fn not_by_agent() -> Problem {
    let mut problem = Problem::new(
        409,
        "cards/not-by-agent",
        Text::new("此业务不能代办", "Nobody does this for somebody else"),
        Text::new("请本人办理", "The holder does it himself"),
    );
    problem.article = Some(Article(12));
    problem
}

/// Argon2id takes tens of milliseconds: outside the transaction, off the runtime's threads.
async fn password_hash(command: &Command) -> String {
    let Command::Activate { password } = command else { return String::new() };
    let (password, salt) = (password.clone(), random::<16>());
    let hash = tokio::task::spawn_blocking(move || seal::password::hash(&password, &salt)).await;
    hash.unwrap_or_default()
}

/// The stable act of an event in the journal, its article, and why it is done.
fn act_of(event: &Event) -> (&'static str, &'static str, &'static str) {
    match event {
        Event::Applied => ("card.applied", "Art. 5", "申领实体和电子社会保障卡"),
        Event::Withdrawn => ("card.withdrawn", "Art. 11", "撤回申请"),
        Event::Produced { .. } => ("card.produced", "Art. 11", "制卡"),
        Event::HandedOver => ("card.handed-over", "Art. 11", "发卡"),
        Event::Activated => ("card.activated", "Art. 11", "激活，同时签发电子社会保障卡"),
        Event::FinancialActivated => ("card.financial-activated", "Art. 10", "激活金融功能"),
        Event::LostTemporarily { .. } => ("card.lost-temporarily", "Art. 11", "临时挂失"),
        Event::Lost => ("card.lost", "Art. 11", "正式挂失"),
        Event::Lapsed => ("card.loss-lapsed", "Art. 11", "临时挂失到期失效"),
        Event::Released => ("card.released", "Art. 11", "解挂"),
        Event::Locked => ("card.locked", "Art. 20", "锁定"),
        Event::Unlocked => ("card.unlocked", "Art. 20", "解锁"),
        Event::Linked => ("card.linked", "Art. 2", "重新关联电子社会保障卡"),
        Event::ReplacementApplied { .. } => ("card.replacement-applied", "Art. 12", "申请补换卡"),
        Event::Replaced => ("card.replaced", "Art. 12", "换发新卡，旧卡失效"),
        Event::Cancelled => ("card.cancelled", "Art. 13", "注销"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
