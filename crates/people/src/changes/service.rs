//! Use cases of changes: number and document, name.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::{Refusal as _, Text};
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;
use time::Date;

use super::rules::{self, Refused};
use super::store::{self, KnownNumber, Line, Since};
use crate::document::DocumentKind;
use crate::duplicates;
use crate::number::{PersonNumber, Strictness};
use crate::rules::{Person, Refused as NoPerson};
use crate::{evidence, pinyin, records};

/// A change of number or document as a clerk enters it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct NumberChange {
    /// The new number.
    pub number: String,
    /// Kind of the new document.
    pub document: String,
    /// Code of the reason: `new-document`, `new-form`, `renamed`, `naturalised`, `corrected`.
    pub reason: String,
    /// First day, `YYYY-MM-DD`; today when empty.
    #[serde(default)]
    pub from: String,
    /// Id of the proof in the vault.
    pub evidence: String,
}

/// A change of name as a clerk enters it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct NameChange {
    /// The new name.
    pub name: String,
    /// Code of the reason.
    pub reason: String,
    /// First day, `YYYY-MM-DD`; today when empty.
    #[serde(default)]
    pub from: String,
    /// Id of the proof in the vault.
    pub evidence: String,
}

fn wrong(field: &str, zh: &str, en: &str) -> Problem {
    Problem::field(field, Text::new(zh, en))
}

fn since(from: &str, reason: &str, today: Date) -> Result<Date, Problem> {
    if !rules::is_reason(reason) {
        return Err(wrong("reason", "请选择变更原因", "Choose the reason"));
    }
    let day = if from.is_empty() { Some(today) } else { parse_day(from) };
    let day = day.filter(|day| *day <= today && day.year() > 1900);
    day.ok_or_else(|| wrong("from", "请填写今天或以前的日期", "Today or an earlier day"))
}

/// What a change writes beside the record.
struct Change<'a> {
    person: &'a Person,
    from: Date,
    reason: &'a str,
    evidence: Id,
    by: &'a Actor,
    now: Utc,
}

impl Change<'_> {
    fn line(
        &self,
        tx: &mut Tx<'_>,
        id: Id,
        field: &str,
        old: &str,
        new: &str,
    ) -> Result<(), DbError> {
        if old == new {
            return Ok(());
        }
        let line = Line {
            person: self.person.id,
            id,
            field: field.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
            from: self.from,
            reason: self.reason.to_owned(),
            evidence: Some(self.evidence),
            by_name: self.by.name.clone(),
            at: self.now,
        };
        store::add_line(tx, &line, self.by)
    }
}

/// Changes number and document (Art. 12). Birth date and sex follow where the new number tells them.
/// The earlier number keeps leading to the person.
///
/// # Errors
/// Wrong fields, missing evidence, or [`Refused::NumberOfAnother`]: then the two records are put into
/// the queue of duplicates.
pub async fn change_number(
    app: &Platform,
    actor: &Actor,
    person: Id,
    form: NumberChange,
) -> Result<Person, Problem> {
    let now = Utc::now();
    let today = now.day();
    let from = since(&form.from, &form.reason, today)?;
    let number = PersonNumber::parse(&form.number, today, Strictness::Checked)
        .map_err(|error| Problem::from(NoPerson::Number(error)))?
        .number;
    let document = DocumentKind::from_code(&form.document).filter(|d| d.accepts(number.kind()));
    let document = document.ok_or(NoPerson::WrongDocument)?;
    let ids: [Id; 4] = std::array::from_fn(|_| app.id());
    let entry = Entry::new(app.id(), now, actor, "person.number-changed", "Art. 12");
    let (wanted, by) = (number.clone(), actor.clone());
    let done: Result<Person, Problem> = app
        .db
        .write(move |tx| {
            let old = crate::store::by_id(tx, person)?.ok_or(NoPerson::Unknown)?;
            if old.number == number && old.document == document {
                return Err(Refused::Nothing.into());
            }
            if store::owner(tx, number.as_str())?.is_some_and(|owner| owner != old.id) {
                return Err(Refused::NumberOfAnother.into());
            }
            let evidence = evidence::service::proof(tx, old.id, &form.evidence)?;
            let mut new = old.clone();
            new.number = number.clone();
            new.document = document;
            new.birth = number.birth().unwrap_or(old.birth);
            new.sex = number.sex().unwrap_or(old.sex);
            store::update(tx, &new)?;
            let reason = form.reason.as_str();
            store::set_current_number(tx, old.id, &number, document, Since { from, reason })?;
            let change = Change { person: &old, from, reason, evidence, by: &by, now };
            change.line(tx, ids[0], "number", old.number.as_str(), number.as_str())?;
            change.line(tx, ids[1], "document", old.document.code(), document.code())?;
            change.line(tx, ids[2], "birth", &day_text(old.birth), &day_text(new.birth))?;
            change.line(tx, ids[3], "sex", old.sex.code(), new.sex.code())?;
            add_login(tx, old.id, &number)?;
            let entry = entry.clone().about(old.id).on("person", old.id);
            journal::record(tx, &entry.why(reason, &["number"]))?;
            new.version += 1;
            Ok(new)
        })
        .await;
    if let Err(problem) = &done
        && problem.code == Refused::NumberOfAnother.code()
    {
        duplicates::service::report_number(app, actor, person, wanted).await?;
    }
    done
}

/// The holder may sign in with the new number too.
fn add_login(tx: &mut Tx<'_>, person: Id, number: &PersonNumber) -> Result<(), DbError> {
    let sql = "SELECT id FROM account WHERE person_id = $1 AND closed_at IS NULL LIMIT 1";
    let Some(account) = tx.optional(sql, &[v(person)])? else { return Ok(()) };
    if kernel::auth::account_called(tx, number.as_str())?.is_none() {
        kernel::auth::add_login(tx, account.get(0)?, number.as_str())?;
    }
    Ok(())
}

/// Changes the name (Art. 12).
///
/// # Errors
/// Wrong fields, missing evidence, or nothing that changes.
pub async fn change_name(
    app: &Platform,
    actor: &Actor,
    person: Id,
    form: NameChange,
) -> Result<Person, Problem> {
    let now = Utc::now();
    let from = since(&form.from, &form.reason, now.day())?;
    let name = pinyin::normalise_name(&form.name);
    if !(1..=60).contains(&name.chars().count()) {
        return Err(wrong("name", "请填写证件上的姓名（60字以内）", "The name on the document"));
    }
    let line = app.id();
    let entry = Entry::new(app.id(), now, actor, "person.name-changed", "Art. 12");
    let by = actor.clone();
    app.db
        .write(move |tx| {
            let old = crate::store::by_id(tx, person)?.ok_or(NoPerson::Unknown)?;
            if old.name == name {
                return Err(Refused::Nothing.into());
            }
            let evidence = evidence::service::proof(tx, old.id, &form.evidence)?;
            let mut new = old.clone();
            new.name = name.clone();
            store::update(tx, &new)?;
            let reason = form.reason.as_str();
            let change = Change { person: &old, from, reason, evidence, by: &by, now };
            change.line(tx, line, "name", &old.name, &name)?;
            let entry = entry.clone().about(old.id).on("person", old.id);
            journal::record(tx, &entry.why(reason, &["name"]))?;
            new.version += 1;
            Ok(new)
        })
        .await
}

/// Numbers over time and history of a person; the look is journalled.
///
/// # Errors
/// There is no such person, or the database's word.
pub async fn story(
    app: &Platform,
    actor: &Actor,
    person: Id,
) -> Result<(Person, Vec<KnownNumber>, Vec<Line>), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "person.read", "Art. 19");
    app.db
        .write(move |tx| {
            let why = "查看变更历史 / history at the desk";
            let person = crate::service::read(tx, entry.clone(), person, why)?;
            let numbers = store::numbers_of(tx, person.id)?;
            let records = records::of(tx, person.id)?;
            Ok((person, numbers, store::history(tx, &records)?))
        })
        .await
}
