//! Use cases of consents.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::store::{self, Consent};
use crate::agreements::rules::{Agreement, Refused};
use crate::agreements::{service as agreements, store as agreed};

/// An agreement that asks for consent, with what the person said to it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The agreement as it counts today.
    pub agreement: Agreement,
    /// Name of the department.
    pub org: String,
    /// What the person said.
    pub consent: Option<Consent>,
}

impl Asked {
    /// Whether data may be given.
    pub fn is_given(&self) -> bool {
        self.consent.as_ref().is_some_and(|consent| consent.withdrawn_at.is_none())
    }
}

/// Agreements in force that stand on consent, for a holder.
///
/// # Errors
/// The database's word.
pub async fn asked(app: &App, actor: &Actor) -> Result<Vec<Asked>, Problem> {
    let (person, now) = (actor.person.ok_or_else(Problem::forbidden)?, Utc::now());
    let all = agreements::list(app, None).await?;
    app.db
        .read(move |tx| {
            let given = store::of(tx, person)?;
            let mut asked: Vec<Asked> = Vec::new();
            for (one, org) in &all {
                if !one.terms.by_consent || asked.iter().any(|known| known.agreement.id == one.id) {
                    continue;
                }
                let Some(agreement) = counts(tx, one.id, now)? else { continue };
                let consent = given.iter().find(|consent| consent.agreement == one.id).cloned();
                let org = org.as_ref().map(|org| org.name_zh.clone()).unwrap_or_default();
                asked.push(Asked { agreement, org, consent });
            }
            Ok(asked)
        })
        .await
}

/// The version that counts and stands on consent.
fn counts(tx: &mut Tx<'_>, agreement: Id, now: Utc) -> Result<Option<Agreement>, Problem> {
    match agreements::in_force(tx, agreement, now) {
        Ok(one) => Ok(Some(one).filter(|one| one.terms.by_consent)),
        Err(problem) if problem.status < 500 => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// A holder consents, or withdraws; both are on record before his eyes.
///
/// # Errors
/// No agreement in force asks for it.
pub async fn say(app: &Platform, actor: &Actor, agreement: Id, yes: bool) -> Result<(), Problem> {
    let (person, now) = (actor.person.ok_or_else(Problem::forbidden)?, Utc::now());
    let act = if yes { "consent.given" } else { "consent.withdrawn" };
    let entry = Entry::new(app.id(), now, actor, act, "PIPL Art. 14, 15");
    app.db
        .write(move |tx| {
            let purpose = match yes {
                true => counts(tx, agreement, now)?.ok_or(Refused::NotInForce)?.terms.purpose,
                // What ended may still be withdrawn.
                false => {
                    let versions = agreed::versions(tx, agreement)?;
                    versions.last().ok_or(Refused::NotInForce)?.terms.purpose.clone()
                }
            };
            match yes {
                true => store::give(tx, person, agreement, now)?,
                false => drop(store::withdraw(tx, person, agreement, now)?),
            }
            let entry = entry.clone().about(person).on("agreement", agreement);
            Ok(journal::record(tx, &entry.why(purpose, &[]))?)
        })
        .await
}
