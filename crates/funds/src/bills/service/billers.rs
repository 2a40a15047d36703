//! The register of billers: one official proposes, another decides (Art. 25).

use banks::AccountNumber;
use kernel::actor::Actor;
use kernel::divisions;
use kernel::id::Id;
use kernel::journal;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::entry;
use crate::bills::port::is_key;
use crate::bills::rules::{Kind, Refused};
use crate::bills::store::billers::{self, Biller};

/// What is proposed.
#[derive(Clone, Debug)]
pub struct NewBiller {
    /// Short code.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Code of a [`Kind`].
    pub kind: String,
    /// Telephone.
    pub phone: String,
    /// Divisions, separated by commas.
    pub divisions: String,
    /// Settlement account.
    pub account: String,
}

/// Proposes a biller.
///
/// # Errors
/// [`Refused::BillerForm`], or the code is taken.
pub async fn propose(app: &App, actor: &Actor, new: NewBiller) -> Result<Id, Problem> {
    let kind = Kind::from_code(&new.kind).ok_or(Refused::BillerForm)?;
    let text = |text: &str, most: usize| {
        let text = text.trim();
        (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    let known = |code: &str| code.is_empty() || divisions::find(code).is_some();
    let form = is_key(&new.code)
        && new.code.len() <= 20
        && text(&new.name_zh, 35)
        && text(&new.name_en, 70)
        && text(&new.phone, 20)
        && new.divisions.split(',').all(known);
    if !form {
        return Err(Refused::BillerForm.into());
    }
    let account = AccountNumber::parse(&new.account)?;
    let (shared, actor, now, id) = (app.clone(), actor.clone(), Utc::now(), app.id());
    app.db
        .write(move |tx| {
            let one = Biller {
                id,
                code: new.code.clone(),
                name: Text::new(new.name_zh.trim(), new.name_en.trim()),
                kind,
                phone: new.phone.trim().to_owned(),
                divisions: new.divisions.clone(),
                account_tail: account.last_four().to_owned(),
                state: "proposed".to_owned(),
                made_by: actor.account,
                made_name: actor.name.clone(),
                made_at: now,
                decided_name: String::new(),
                version: 1,
            };
            billers::insert(tx, &shared.keys, &one, account.as_str())?;
            let entry = entry(&shared, &actor, "bills.biller-proposed", now).on("biller", id);
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

/// Decides on a proposed biller (never one's own), or closes an open one.
///
/// # Errors
/// [`Refused::OwnWork`], [`Refused::NotNow`].
pub async fn decide(app: &App, actor: &Actor, id: Id, word: &str) -> Result<(), Problem> {
    let (shared, actor, now, word) = (app.clone(), actor.clone(), Utc::now(), word.to_owned());
    app.db
        .write(move |tx| {
            let one = billers::get(tx, id)?.ok_or_else(Problem::not_found)?;
            if one.made_by == actor.account {
                return Err(Refused::OwnWork.into());
            }
            let state = match (one.state.as_str(), word.as_str()) {
                ("proposed", "yes") => "open",
                ("proposed", "no") => "rejected",
                ("open", "close") => "closed",
                _ => return Err(Refused::NotNow.into()),
            };
            billers::set_state(tx, &one, state, actor.account, &actor.name)?;
            let entry = entry(&shared, &actor, "bills.biller-decided", now).on("biller", id);
            Ok(journal::record(tx, &entry.why(state, &[]))?)
        })
        .await
}

/// All billers.
///
/// # Errors
/// The database's word.
pub async fn all(app: &App) -> Result<Vec<Biller>, Problem> {
    Ok(app.db.read(billers::all).await?)
}
