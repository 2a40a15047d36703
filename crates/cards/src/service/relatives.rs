//! Cards of relatives (亲情服务): a holder sees the cards of those who are linked to him, applies for a
//! child whose guardian he is, and reports a loss for them (Art. 5, 12, 15).

use kernel::actor::Actor;
use kernel::db::DbError;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::family;
use people::representatives::{self, Act, Claim};

use super::{Hands, Holdings, perform_in};
use crate::rules::{Card, Command};

/// A relative as the holder sees him.
#[derive(Clone, Debug)]
pub struct Relative {
    /// His id.
    pub person: Id,
    /// His name.
    pub name: String,
    /// Whether the holder is his guardian.
    pub as_guardian: bool,
    /// His cards.
    pub held: Holdings,
}

/// The holder's relatives with their cards; each look is journalled.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App, holder: &Actor) -> Result<Vec<Relative>, Problem> {
    let me = holder.person.ok_or_else(Problem::forbidden)?;
    let (shared, actor) = (app.clone(), holder.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let links = family::links_of(tx, me)?;
            let mut relatives = Vec::new();
            for link in links.iter().filter(|link| link.person == me) {
                if family::may_show(tx, me, link.relative, now.day()).is_err() {
                    continue;
                }
                let person = people::store::by_id(tx, link.relative)?;
                let person = person.ok_or(people::rules::Refused::Unknown)?;
                let entry = Entry::new(shared.id(), now, &actor, "person.read", "Art. 15")
                    .about(person.id)
                    .on("person", person.id)
                    .why("亲情服务 / family service", &["name", "card"]);
                journal::record(tx, &entry)?;
                relatives.push(Relative {
                    held: Holdings::load(tx, person.id)?,
                    person: person.id,
                    name: person.name,
                    as_guardian: link.as_guardian,
                });
            }
            if relatives.is_empty() {
                let entry = Entry::new(shared.id(), now, &actor, "family.read", "Art. 15");
                journal::record(tx, &entry.about(me).why("亲情服务 / family service", &[]))?;
            }
            Ok(relatives)
        })
        .await
}

/// Outlets at which a card can be collected.
///
/// # Errors
/// See [`DbError`].
pub async fn outlets(app: &App) -> Result<Vec<(Id, Text)>, DbError> {
    app.db
        .read(|tx| {
            let mut orgs = org::all(tx)?;
            orgs.retain(|org| org.kind == "outlet");
            Ok(orgs.into_iter().map(|org| (org.id, Text::new(org.name_zh, org.name_en))).collect())
        })
        .await
}

/// What a holder does for a relative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForRelative {
    /// Apply for both cards, to be collected at this outlet: for whom he is the guardian of.
    Apply(Id),
    /// Report the card lost for some days.
    Lose,
}

/// Carries out what a holder does for a relative.
///
/// # Errors
/// They are not linked, the holder may not act (Art. 12), or the rules of cards refuse.
pub async fn act(
    app: &App,
    holder: &Actor,
    relative: Id,
    what: ForRelative,
) -> Result<Card, Problem> {
    let me = holder.person.ok_or_else(Problem::forbidden)?;
    if let ForRelative::Apply(outlet) = &what
        && !outlets(app).await?.iter().any(|(id, _)| id == outlet)
    {
        let text = Text::new("请选择领卡网点", "Choose where to collect it");
        return Err(Problem::field("outlet", text));
    }
    let (hands, actor) = (Hands::new(app), holder.clone());
    app.db
        .write(move |tx| {
            let today = Utc::now().day();
            family::may_show(tx, me, relative, today)?;
            let (command, outlet) = match &what {
                ForRelative::Lose => (Command::LoseTemporarily, None),
                ForRelative::Apply(outlet) => {
                    let claim = Claim::Person(me);
                    let by = representatives::may_act(tx, relative, &claim, Act::Apply, today)?;
                    let guardian = format!("{} {}", by.name, by.number.as_str());
                    (Command::Apply { guardian }, Some(*outlet))
                }
            };
            perform_in(tx, &hands, &actor, relative, &command, outlet)
        })
        .await
}

#[cfg(test)]
mod tests;
