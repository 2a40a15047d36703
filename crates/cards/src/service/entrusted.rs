//! Agents and guardians on their own phones (代办): whom somebody acts for, and what he does for them within
//! his authorisation (Art. 12, 15).

use kernel::actor::Actor;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::representatives::{self, Act, Claim, rules::Kind};
use people::rules::{Person, mask_name};

use super::relatives::{ForRelative, outlets};
use super::{Hands, Holdings, perform_in};
use crate::production::{self, ProgressStep};
use crate::rules::clocks::State;
use crate::rules::{Card, Command, Stage};

/// Somebody whom a holder acts for, as far as his authorisation lets him see.
#[derive(Clone, Debug)]
pub struct Entrusted {
    /// His id.
    pub person: Id,
    /// His name; masked when the agent may not enquire.
    pub name: String,
    /// What the agent is to him.
    pub relation: String,
    /// What the agent may do today.
    pub acts: Vec<Act>,
    /// His cards, when the agent may enquire.
    pub held: Option<Holdings>,
    /// The way of the card that is being made, when the agent may enquire.
    pub progress: Vec<ProgressStep>,
    /// Whether a loss can be reported now.
    pub may_lose: bool,
    /// Whether a card can be applied for now.
    pub may_apply: bool,
}

/// Whom a holder acts for; each look is journalled with the one who is looked at.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App, holder: &Actor) -> Result<Vec<Entrusted>, Problem> {
    let me = holder.person.ok_or_else(Problem::forbidden)?;
    let (shared, actor) = (app.clone(), holder.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let mut all = Vec::new();
            let entry = |act| Entry::new(shared.id(), now, &actor, act, "Art. 12");
            for (person, relation, acts) in representatives::clients(tx, me, now.day())? {
                let why = "代办人查看 / seen by an agent";
                let entry = entry("person.read").about(person.id).on("person", person.id);
                journal::record(tx, &entry.why(why, &["name", "card"]))?;
                let held = Holdings::load(tx, person.id)?;
                let sees = acts.contains(&Act::Enquire);
                let waits = held.living.as_ref().is_some_and(|card| card.stage != Stage::Active);
                let making = sees && (held.coming.is_some() || waits);
                let progress =
                    if making { production::progress(tx, person.id)? } else { Vec::new() };
                let on = held.living.as_ref().is_some_and(|card| card.clocks.social == State::On);
                all.push(Entrusted {
                    person: person.id,
                    name: if sees { person.name } else { mask_name(&person.name) },
                    relation,
                    may_lose: on && acts.contains(&Act::Loss),
                    may_apply: held.living.is_none() && acts.contains(&Act::Apply),
                    held: sees.then_some(held),
                    progress,
                    acts,
                });
            }
            if all.is_empty() {
                let why = "查看委托 / whom I act for";
                journal::record(tx, &entry("representative.listed").about(me).why(why, &[]))?;
            }
            Ok(all)
        })
        .await
}

/// Carries out what an agent or guardian does from his phone for somebody.
///
/// # Errors
/// He may not act (Art. 12), the outlet is none, or the rules of cards refuse.
pub async fn act(
    app: &App,
    holder: &Actor,
    person: Id,
    what: ForRelative,
) -> Result<Card, Problem> {
    let me = holder.person.ok_or_else(Problem::forbidden)?;
    if let ForRelative::Apply(outlet) = &what
        && !outlets(app).await?.iter().any(|(id, _)| id == outlet)
    {
        let text = Text::new("请选择领卡网点", "Choose where to collect it");
        return Err(Problem::field("outlet", text));
    }
    let own: Option<Person> = app.db.read(move |tx| people::store::by_id(tx, me)).await?;
    let own = own.ok_or(people::rules::Refused::Unknown)?;
    let hands = Hands { agent: own.number.as_str().to_owned(), ..Hands::new(app) };
    let actor = holder.clone();
    app.db
        .write(move |tx| {
            let (command, outlet) = match &what {
                ForRelative::Lose => (Command::LoseTemporarily, None),
                ForRelative::Apply(outlet) => {
                    let (claim, today) = (Claim::Person(me), Utc::now().day());
                    let by = representatives::may_act(tx, person, &claim, Act::Apply, today)?;
                    // An agent is no guardian: who is under 16 needs one (Art. 12).
                    let guardian = match by.kind {
                        Kind::Guardian => format!("{} {}", by.name, by.number.as_str()),
                        Kind::Agent => String::new(),
                    };
                    (Command::Apply { guardian }, Some(*outlet))
                }
            };
            perform_in(tx, &hands, &actor, person, &command, outlet)
        })
        .await
}
