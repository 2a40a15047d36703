//! Use cases of representatives.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::{FieldProblem, Problem};
use kernel::time::{Utc, parse_day};
use serde::Deserialize;
use time::Date;

use super::rules::{self, Act, Kind, Refused, Representative};
use super::store;
use crate::document::DocumentKind;
use crate::number::{PersonNumber, Strictness};
use crate::rules::{Person, Refused as NoPerson};
use crate::{evidence, pinyin, records};

/// Who says that he acts for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A person of the register, under whichever of his numbers.
    Person(Id),
    /// The number on the document that he shows.
    Number(PersonNumber),
}

/// Whether somebody may do an act for a person today: the one question that other capabilities ask.
///
/// # Errors
/// [`Refused`] as a problem (Art. 12), an unknown person, or the database's word.
pub fn may_act(
    tx: &mut Tx<'_>,
    person: Id,
    claim: &Claim,
    act: Act,
    today: Date,
) -> Result<Representative, Problem> {
    let represented = crate::store::by_id(tx, person)?.ok_or(NoPerson::Unknown)?;
    let numbers = numbers_of(tx, claim)?;
    let records = records::of(tx, represented.id)?;
    let mut known = store::of(tx, &records)?;
    known.retain(|one| numbers.iter().any(|number| number == one.number.as_str()));
    Ok(rules::choose(&represented, known, act, today)?)
}

/// Whom somebody acts for today, what he is to them, and what he may do.
///
/// # Errors
/// See [`Problem`].
pub fn clients(
    tx: &mut Tx<'_>,
    person: Id,
    today: Date,
) -> Result<Vec<(Person, String, Vec<Act>)>, Problem> {
    let numbers = numbers_of(tx, &Claim::Person(person))?;
    let mut entries = store::by_numbers(tx, &numbers)?;
    entries.retain(|one| one.holds_on(today));
    let mut clients: Vec<(Person, String, Vec<Act>)> = Vec::new();
    for one in entries {
        let Some(represented) = crate::store::by_id(tx, one.person)? else { continue };
        // The same person may stand in two records, or have given two authorisations.
        if clients.iter().any(|(known, _, _)| known.id == represented.id) {
            continue;
        }
        let records = records::of(tx, represented.id)?;
        let mut known = store::of(tx, &records)?;
        known.retain(|one| numbers.iter().any(|number| number == one.number.as_str()));
        let may = |act: &Act| rules::choose(&represented, known.clone(), *act, today).is_ok();
        let acts: Vec<Act> = Act::ALL.into_iter().filter(may).collect();
        if !acts.is_empty() {
            clients.push((represented, one.relation, acts));
        }
    }
    Ok(clients)
}

/// A representative may have changed his number since he was entered.
fn numbers_of(tx: &mut Tx<'_>, claim: &Claim) -> Result<Vec<String>, Problem> {
    let person = match claim {
        Claim::Person(id) => records::living(tx, *id)?,
        Claim::Number(number) => crate::store::by_number(tx, number)?.map(|person| person.id),
    };
    let mut numbers: Vec<String> = match person {
        Some(person) => {
            let known = crate::changes::store::numbers_of(tx, person)?;
            known.into_iter().map(|one| one.number).collect()
        }
        None => Vec::new(),
    };
    if let Claim::Number(number) = claim {
        numbers.push(number.as_str().to_owned());
    }
    Ok(numbers)
}

/// A representative as a clerk enters him.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct NewRepresentative {
    /// `guardian` or `agent`.
    pub kind: String,
    /// What he is to the person.
    pub relation: String,
    /// Codes of acts, separated by commas; a guardian needs none.
    #[serde(default)]
    pub scope: String,
    /// Name as on his document.
    pub name: String,
    /// His number.
    pub number: String,
    /// Kind of his document.
    pub document: String,
    /// His phone.
    #[serde(default)]
    pub phone: String,
    /// Id of the proof in the vault.
    pub evidence: String,
    /// First day, `YYYY-MM-DD`; today when empty.
    #[serde(default)]
    pub from: String,
    /// Last day, `YYYY-MM-DD`; for the guardian of a minor it may be empty.
    #[serde(default)]
    pub until: String,
}

pub(super) fn read(
    form: &NewRepresentative,
    id: Id,
    today: Date,
) -> Result<Representative, Problem> {
    let mut faults = Vec::new();
    let mut wrong = |field: &str, zh: &str, en: &str| {
        faults.push(FieldProblem { field: field.to_owned(), text: Text::new(zh, en) });
    };
    let kind = Kind::from_code(&form.kind);
    if kind.is_none() {
        wrong("kind", "请选择监护人或代办人", "Guardian or agent?");
    }
    let scope: Option<Vec<Act>> =
        form.scope.split(',').filter(|code| !code.is_empty()).map(Act::from_code).collect();
    if scope.is_none() {
        wrong("scope", "没有这个委托事项", "There is no such act");
    }
    let name = pinyin::normalise_name(&form.name);
    if !(1..=60).contains(&name.chars().count()) {
        wrong("name", "请填写证件上的姓名（60字以内）", "The name on the document");
    }
    let relation = form.relation.trim();
    if !(1..=30).contains(&relation.chars().count()) || form.phone.trim().chars().count() > 20 {
        wrong("relation", "请填写与持卡人的关系（30字以内）", "What he is to the person");
    }
    let number = match PersonNumber::parse(&form.number, today, Strictness::Checked) {
        Ok(parsed) => Some(parsed.number),
        Err(error) => {
            wrong("number", &error.zh(), &error.en());
            None
        }
    };
    let document = DocumentKind::from_code(&form.document);
    let fits = |d: DocumentKind| number.as_ref().is_none_or(|n| d.accepts(n.kind()));
    if !document.is_some_and(fits) {
        wrong("document", "证件类型与号码不相符", "Does not fit the number");
    }
    let from = if form.from.is_empty() { Some(today) } else { parse_day(&form.from) };
    let open = kind == Some(Kind::Guardian) && form.until.is_empty();
    let until = if open { Some(Date::MAX) } else { parse_day(&form.until) };
    if from.is_none() || until.is_none() {
        wrong("until", "请填写起止日期，如 2028-12-31", "The days, like 2028-12-31");
    }
    let (Some(kind), Some(scope), Some(number), Some(from), Some(until), true) =
        (kind, scope, number, from, until, faults.is_empty())
    else {
        return Err(Problem::invalid(faults));
    };
    Ok(Representative {
        person: Id(0),
        id,
        kind,
        relation: relation.to_owned(),
        scope: if kind == Kind::Guardian { Act::ALL.to_vec() } else { scope },
        name,
        number,
        document: form.document.clone(),
        phone: form.phone.trim().to_owned(),
        evidence: Id(0),
        from,
        until,
        ended_at: None,
    })
}

/// The longest that a guardianship over an adult runs before it is looked at anew, in days.
const ADULT_WARD_DAYS: i64 = 1_826;

/// Enters a guardian or an agent, with proof from the vault (Art. 12).
///
/// # Errors
/// Wrong fields, [`Refused`], or evidence that is missing.
pub async fn enter(
    app: &Platform,
    actor: &Actor,
    person: Id,
    form: NewRepresentative,
) -> Result<Representative, Problem> {
    let (now, id) = (Utc::now(), app.id());
    let today = now.day();
    let one = read(&form, id, today)?;
    let entry = Entry::new(app.id(), now, actor, "representative.entered", "Art. 12");
    let (entry, actor) = (entry.on("representative", id), actor.clone());
    app.db
        .write(move |tx| {
            let person = crate::store::by_id(tx, person)?.ok_or(NoPerson::Unknown)?;
            let evidence = evidence::service::proof(tx, person.id, &form.evidence)?;
            let longest = today.saturating_add(time::Duration::days(ADULT_WARD_DAYS));
            let until = match person.age_on(today) < rules::OF_AGE {
                true => one.until,
                false => one.until.min(longest),
            };
            let one = Representative { person: person.id, evidence, until, ..one.clone() };
            let one = rules::admit(&person, one, today)?;
            store::insert(tx, &one, &actor, now)?;
            let why = format!("登记{} / {}", one.kind.name().zh, one.kind.name().en);
            journal::record(tx, &entry.clone().about(person.id).why(why, &["representative"]))?;
            Ok(one)
        })
        .await
}

/// All representatives of a person, newest first; a clerk's look is journalled, his own is not.
///
/// # Errors
/// There is no such person, or the database's word.
pub async fn list(
    app: &Platform,
    actor: &Actor,
    person: Id,
) -> Result<Vec<Representative>, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "representative.listed", "Art. 19");
    let own = actor.person == Some(person);
    app.db
        .write(move |tx| {
            let person = records::living(tx, person)?.ok_or(NoPerson::Unknown)?;
            if !own {
                let why = "查看监护和代办 / at the desk";
                journal::record(tx, &entry.clone().about(person).why(why, &["representative"]))?;
            }
            let records = records::of(tx, person)?;
            Ok(store::of(tx, &records)?)
        })
        .await
}

/// Ends a representation at once: the person himself revokes, or a clerk ends it for him.
///
/// # Errors
/// No such entry, it has ended, or a holder tried to end a guardianship.
pub async fn end(app: &Platform, actor: &Actor, person: Id, id: Id) -> Result<(), Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "representative.ended", "Art. 12");
    let (own, name) = (actor.person == Some(person), actor.name.clone());
    app.db
        .write(move |tx| {
            let person = records::living(tx, person)?.ok_or(NoPerson::Unknown)?;
            let records = records::of(tx, person)?;
            let one = store::of(tx, &records)?.into_iter().find(|one| one.id == id);
            let one = one.ok_or_else(Problem::not_found)?;
            // A ward does not dismiss his guardian: that takes proof at an outlet.
            if own && one.kind == Kind::Guardian {
                return Err(Problem::forbidden());
            }
            if one.ended_at.is_some() {
                return Err(Refused::EndedAlready.into());
            }
            store::end(tx, &one, &name, now)?;
            let entry = entry.clone().about(person).on("representative", id);
            Ok(journal::record(tx, &entry.why("终止监护或委托 / ended", &["representative"]))?)
        })
        .await
}
