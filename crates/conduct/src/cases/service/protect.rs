//! Protection of reporters: who may learn a name, and why he did.

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{REPORTERS, binding, handler};
use crate::cases::rules::{Hand, Refused, may_lay};
use crate::cases::store;

/// An approver of the city names a protection officer among the city's officers, or ends it.
///
/// # Errors
/// There is no such account.
pub async fn name_officer(app: &App, actor: &Actor, account: Id, on: bool) -> Result<(), Problem> {
    let (now, actor) = (Utc::now(), actor.clone());
    let why = if on { "指定保护专员 / named" } else { "撤销保护专员 / ended" };
    let entry = Entry::new(app.id(), now, &actor, "protection.named", "Art. 19")
        .on("account", account)
        .why(why, &[]);
    app.db
        .write(move |tx| {
            let all = store::accounts(tx, Role::MunicipalOfficer.code())?;
            let found = all.into_iter().find(|(id, _)| *id == account);
            let (_, name) = found.ok_or_else(Problem::not_found)?;
            store::set_protection(tx, account, &name, actor.account, on, now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Officers named, and the accounts that could be.
///
/// # Errors
/// The database's word.
pub async fn officers(app: &App) -> Result<[Vec<(Id, String)>; 2], Problem> {
    app.db
        .read(|tx| {
            let named = store::protection(tx)?;
            let mut others = store::accounts(tx, Role::MunicipalOfficer.code())?;
            others.retain(|(id, _)| named.iter().all(|(known, _)| known != id));
            Ok([named, others])
        })
        .await
}

/// A protection officer opens a reporter's name and contact; the journal keeps his reason. From then on he
/// has no other hand in the case.
///
/// # Errors
/// He is no such officer, gives no reason, or the report is anonymous.
pub async fn reveal(
    app: &App,
    actor: &Actor,
    id: Id,
    reason: &str,
) -> Result<(String, String), Problem> {
    let reason = reason.trim().to_owned();
    if !(5..=300).contains(&reason.chars().count()) {
        let text = Text::new("请写明理由（5至300字）", "Why, in 5 to 300 letters");
        return Err(Problem::field("reason", text));
    }
    let (keys, now, actor) = (app.keys.clone(), Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "case.reporter-read", "Art. 19")
        .on("case", id)
        .why(&reason, &["reporter"]);
    app.db
        .write(move |tx| {
            let case = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            let who = handler(tx, &keys, &actor, id)?;
            if !who.officer {
                return Err(Refused::NotProtection.into());
            }
            may_lay(&who, &case.about, Hand::Protect)?;
            let sealed = case.identity.ok_or(Refused::NoName)?;
            let plain = keys.store().open(REPORTERS, &binding(id, "identity"), &sealed);
            let plain = plain.map_err(super::no_key)?;
            let text = String::from_utf8(plain).map_err(super::no_key)?;
            store::lay_hand(tx, id, actor.account, Hand::Protect)?;
            journal::record(tx, &entry)?;
            let (name, contact) = text.split_once('\n').unwrap_or((&text, ""));
            Ok((name.to_owned(), contact.to_owned()))
        })
        .await
}
