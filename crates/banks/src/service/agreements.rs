//! Banks and agreements: prepared by the municipal officer, confirmed by the approver (Art. 10, 25).

use std::collections::HashMap;

use kernel::actor::Actor;
use kernel::approval::{self, Approval};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, parse_day};

use crate::rules::{self, Agreement, AgreementState, Refused, Service, Waiver};
use crate::store::agreements::{self, Bank};
use crate::store::split;

/// Kind of the decision about an agreement.
pub const KIND: &str = "banks.agreement";

/// A bank as typed.
#[derive(Clone, Debug, Default)]
pub struct NewBank {
    /// Its organisation, of kind `bank`.
    pub org: Id,
    /// Code in files.
    pub code: String,
    /// Phone for holders.
    pub phone: String,
    /// What holders should know, Chinese.
    pub about_zh: String,
    /// The same in English; may be empty.
    pub about_en: String,
}

/// Enters a bank. It can be chosen when an agreement is in force.
///
/// # Errors
/// Code, phone or organisation are wrong, or the bank is known.
pub async fn add_bank(app: &App, actor: &Actor, new: NewBank) -> Result<Bank, Problem> {
    if !rules::is_code(&new.code) || !rules::is_phone(&new.phone) {
        return Err(Refused::BankForm.into());
    }
    if new.about_zh.chars().count() > 1_000 || new.about_en.chars().count() > 2_000 {
        return Err(Refused::Words.into());
    }
    let (actor, entry_id) = (actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let org = agreements::candidates(tx)?.into_iter().find(|(id, _)| *id == new.org);
            let (id, name) = org.ok_or(Refused::BankForm)?;
            let about = Text::new(new.about_zh.trim(), new.about_en.trim());
            let (code, phone) = (new.code.clone(), new.phone.clone());
            let bank = Bank { id, code, name, phone, about };
            agreements::insert_bank(tx, &bank, now).map_err(|error| match error {
                DbError::Unique(_) => Refused::BankKnown.into(),
                other => Problem::from(other),
            })?;
            let entry = Entry::new(entry_id, now, &actor, "bank.entered", "Art. 10");
            journal::record(tx, &entry.on("bank", &bank.code).why("登记合作银行", &[]))?;
            Ok(bank)
        })
        .await
}

/// An agreement as typed; codes are separated by commas, days are `YYYY-MM-DD`.
#[derive(Clone, Debug, Default)]
pub struct NewAgreement {
    /// Organisation of the bank.
    pub bank: Id,
    /// Number on the paper.
    pub number: String,
    /// Day of signature.
    pub signed_on: String,
    /// First day in force.
    pub from: String,
    /// Last day in force.
    pub until: String,
    /// Codes of [`Service`]s.
    pub services: String,
    /// Codes of [`Waiver`]s.
    pub waivers: String,
}

fn read(new: &NewAgreement, id: Id) -> Result<Agreement, Problem> {
    let wrong = |field: &str| {
        let text = Text::new("请从列表中选择或按格式填写", "Choose from the list or keep the form");
        Problem::field(field, text)
    };
    let day = |text: &str, field: &str| parse_day(text.trim()).ok_or_else(|| wrong(field));
    Ok(Agreement {
        id,
        bank: new.bank,
        version: 0,
        state: AgreementState::Proposed,
        number: new.number.trim().to_owned(),
        signed_on: day(&new.signed_on, "signed_on")?,
        from: day(&new.from, "from")?,
        until: day(&new.until, "until")?,
        services: split(&new.services, Service::from_code).ok_or_else(|| wrong("services"))?,
        waivers: split(&new.waivers, Waiver::from_code).ok_or_else(|| wrong("waivers"))?,
    })
}

fn newest_confirmed(versions: &[Agreement]) -> Option<&Agreement> {
    versions.iter().find(|version| version.state == AgreementState::Confirmed)
}

/// Proposes a version of a bank's agreement; it counts when somebody else confirms it.
///
/// # Errors
/// [`Refused`] as a problem, or wrong fields.
pub async fn propose(app: &App, actor: &Actor, new: &NewAgreement) -> Result<Agreement, Problem> {
    let draft = read(new, app.id())?;
    let (actor, approval, entry_id) = (actor.clone(), app.id(), app.id());
    app.db
        .write(move |tx| {
            let (now, mut agreement) = (Utc::now(), draft.clone());
            let bank = agreements::bank(tx, agreement.bank)?.ok_or(Refused::NoSuchBank)?;
            let versions = agreements::of_bank(tx, bank.id)?;
            if versions.iter().any(|version| version.state == AgreementState::Proposed) {
                return Err(Refused::Waiting.into());
            }
            rules::check_agreement(&agreement, newest_confirmed(&versions), now.day())?;
            agreement.version = versions.first().map_or(0, |version| version.version) + 1;
            agreements::insert(tx, &agreement, now).map_err(|error| match error {
                DbError::Unique(_) => Refused::Waiting.into(),
                other => Problem::from(other),
            })?;
            let summary = format!("{} v{} {}", bank.code, agreement.version, agreement.number);
            let object = agreement.id.to_string();
            approval::ask(tx, approval, &actor, KIND, &object, &summary, now)?;
            let entry = Entry::new(entry_id, now, &actor, "bank.agreement-proposed", "Art. 10");
            journal::record(tx, &entry.on("bank-agreement", agreement.id).why(summary, &[]))?;
            Ok(agreement)
        })
        .await
}

/// Decides about an agreement; the version before it ends the day before it begins.
///
/// # Errors
/// The checker made it himself (Art. 25), it was decided already, a no without a word.
pub async fn decide(
    app: &App,
    checker: &Actor,
    id: Id,
    yes: bool,
    comment: &str,
) -> Result<(), Problem> {
    if !yes && comment.trim().is_empty() {
        return Err(Refused::NoComment.into());
    }
    let (checker, comment, entry_id) = (checker.clone(), comment.to_owned(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let approval = approval::decide(tx, id, &checker, yes, &comment, now)?;
            if approval.kind != KIND {
                return Err(Problem::not_found());
            }
            let agreement = agreements::proposed(tx, object_of(&approval)?)?;
            let agreement = agreement.ok_or_else(Problem::not_found)?;
            if yes {
                put_in_force(tx, &agreement, now)?;
            } else {
                agreements::decide(tx, agreement.id, AgreementState::Rejected)?;
            }
            let act = if yes { "bank.agreement-confirmed" } else { "bank.agreement-rejected" };
            let entry = Entry::new(entry_id, now, &checker, act, "Art. 10");
            let entry = entry.on("bank-agreement", agreement.id).why(&approval.summary, &[]);
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn put_in_force(tx: &mut Tx<'_>, agreement: &Agreement, now: Utc) -> Result<(), Problem> {
    let versions = agreements::of_bank(tx, agreement.bank)?;
    rules::check_agreement(agreement, newest_confirmed(&versions), now.day())?;
    let last = agreement.from.previous_day().ok_or(Refused::Days)?;
    agreements::end_before(tx, agreement.bank, last)?;
    Ok(agreements::decide(tx, agreement.id, AgreementState::Confirmed)?)
}

pub(super) fn object_of(approval: &Approval) -> Result<Id, Problem> {
    approval.object.parse().map_err(|_| Problem::not_found())
}

/// Agreements that wait for their decision, oldest first.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &App) -> Result<Vec<(Approval, Agreement)>, Problem> {
    app.db
        .read(|tx| {
            let mut waiting = Vec::new();
            for approval in approval::open(tx, KIND)? {
                if let Some(agreement) = agreements::proposed(tx, object_of(&approval)?)? {
                    waiting.push((approval, agreement));
                }
            }
            Ok(waiting)
        })
        .await
}

/// All banks with their agreement of a day.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App, now: Utc) -> Result<Vec<(Bank, Option<Agreement>)>, Problem> {
    app.db
        .read(move |tx| {
            let banks = agreements::banks(tx)?;
            let confirmed = agreements::confirmed(tx)?;
            let of = |bank: &Bank| {
                let on_day = |a: &&Agreement| a.bank == bank.id && a.in_force(now.day());
                confirmed.iter().find(on_day).cloned()
            };
            Ok(banks.into_iter().map(|bank| (of(&bank), bank)).map(|(a, b)| (b, a)).collect())
        })
        .await
}

/// A bank by its code, with all versions of its agreement, newest first.
///
/// # Errors
/// [`Refused::NoSuchBank`].
pub async fn one(app: &App, code: String) -> Result<(Bank, Vec<Agreement>), Problem> {
    app.db
        .read(move |tx| {
            let bank = agreements::bank_by_code(tx, &code)?.ok_or(Refused::NoSuchBank)?;
            let versions = agreements::of_bank(tx, bank.id)?;
            Ok((bank, versions))
        })
        .await
}

/// Names of all banks.
///
/// # Errors
/// See [`Problem`].
pub async fn names(app: &App) -> Result<HashMap<Id, Text>, Problem> {
    let banks = app.db.read(|tx| Ok::<_, Problem>(agreements::banks(tx)?)).await?;
    Ok(banks.into_iter().map(|bank| (bank.id, bank.name)).collect())
}

/// Organisations of kind bank that are not entered yet.
///
/// # Errors
/// See [`Problem`].
pub async fn candidates(app: &App) -> Result<Vec<(Id, Text)>, Problem> {
    app.db.read(|tx| Ok::<_, Problem>(agreements::candidates(tx)?)).await
}
