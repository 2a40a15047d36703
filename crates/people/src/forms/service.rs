//! Keeping forms as they were signed.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::{Deserialize, Serialize};
use time::Date;

use crate::rules::{Person, Refused as NoPerson};
use crate::{evidence, records};

/// Version of the form's text. A new text is a new version; signed forms keep theirs.
pub const TEXT_VERSION: &str = "2026-1";

/// How somebody was helped who could not use the form alone (Art. 15); none is the first.
pub const ASSISTED: [(&str, &str, &str); 4] = [
    ("", "本人填写", "Filled in by himself"),
    ("read-aloud", "逐项朗读", "Read aloud"),
    ("sign-language", "手语服务", "Sign language"),
    ("written-for", "代为填写", "Written for him"),
];

/// What the form says about the person, in the words of the day it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    /// Name.
    pub name: String,
    /// Code of the kind of document.
    pub document: String,
    /// Number.
    pub number: String,
    /// `1` male, `2` female.
    pub sex: String,
    /// `YYYY-MM-DD`.
    pub birth: String,
    /// 民族 or country.
    pub nation: String,
    /// Phone.
    pub phone: String,
    /// Address.
    pub address: String,
    /// Division of the household book.
    pub household: String,
    /// Ground of Art. 5.
    pub ground: String,
    /// Last day of an entitlement; may be empty.
    pub ground_until: String,
}

impl Fields {
    /// As the register knows the person now.
    pub fn of(person: &Person) -> Self {
        Self {
            name: person.name.clone(),
            document: person.document.code().to_owned(),
            number: person.number.as_str().to_owned(),
            sex: person.sex.code().to_owned(),
            birth: day_text(person.birth),
            nation: person.nation.clone(),
            phone: person.phone.clone(),
            address: person.address.clone(),
            household: person.household.clone(),
            ground: person.ground.code().to_owned(),
            ground_until: person.ground_until.map(day_text).unwrap_or_default(),
        }
    }
}

/// A form as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedForm {
    /// The record.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Version of the text that was signed.
    pub text_version: String,
    /// What it said.
    pub fields: Fields,
    /// The signature in the vault.
    pub signature: Id,
    /// Code from [`ASSISTED`].
    pub assisted: String,
    /// Who helped.
    pub assisted_by: String,
    /// Day.
    pub signed_on: Date,
    /// The clerk.
    pub by_name: String,
}

/// A signature under the form, as a clerk enters it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct Signing {
    /// Id of the signature in the vault.
    pub signature: String,
    /// Code from [`ASSISTED`].
    #[serde(default)]
    pub assisted: String,
    /// Who helped; needed when somebody did.
    #[serde(default)]
    pub assisted_by: String,
}

/// Keeps the form as the register knows the person now, with its signature (Art. 12).
///
/// # Errors
/// No signature in the vault, or help without the name of who gave it.
pub async fn sign(
    app: &Platform,
    actor: &Actor,
    person: Id,
    form: Signing,
) -> Result<SignedForm, Problem> {
    let assisted_by = form.assisted_by.trim().to_owned();
    if !ASSISTED.iter().any(|known| known.0 == form.assisted) {
        return Err(Problem::field("assisted", Text::new("请选择协助方式", "Choose how")));
    }
    let named = (1..=60).contains(&assisted_by.chars().count());
    if form.assisted.is_empty() != assisted_by.is_empty() || !(assisted_by.is_empty() || named) {
        let text = Text::new("请填写协助人姓名（第十五条）", "Who helped, and how (Art. 15)");
        return Err(Problem::field("assisted_by", text));
    }
    let (now, id, by) = (Utc::now(), app.id(), actor.clone());
    let entry = Entry::new(app.id(), now, actor, "form.signed", "Art. 12").on("form", id);
    app.db
        .write(move |tx| {
            let person = crate::store::by_id(tx, person)?.ok_or(NoPerson::Unknown)?;
            let one = SignedForm {
                person: person.id,
                id,
                text_version: TEXT_VERSION.to_owned(),
                fields: Fields::of(&person),
                signature: evidence::service::proof(tx, person.id, &form.signature)?,
                assisted: form.assisted.clone(),
                assisted_by: assisted_by.clone(),
                signed_on: now.day(),
                by_name: by.name.clone(),
            };
            insert(tx, &one, &by, now)?;
            let how = super::print::how(&one);
            let entry = entry.clone().about(person.id);
            let why = format!("申领登记表签字：{how}");
            journal::record(tx, &entry.why(why, &crate::service::CLERK_FIELDS))?;
            Ok(one)
        })
        .await
}

fn insert(tx: &mut Tx<'_>, one: &SignedForm, by: &Actor, now: Utc) -> Result<(), DbError> {
    let fields = serde_json::to_string(&one.fields).map_err(|e| DbError::Engine(e.to_string()))?;
    tx.execute(
        "INSERT INTO person_form (person_id, id, text_version, fields, signature_id, assisted,
                                  assisted_by, signed_on, by_account, by_name, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            v(one.person),
            v(one.id),
            v(&one.text_version),
            v(fields),
            v(one.signature),
            v(&one.assisted),
            v(&one.assisted_by),
            v(day_text(one.signed_on)),
            v(by.account),
            v(&by.name),
            v(now),
        ],
    )
    .map(drop)
}

/// All signed forms of these records, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn forms_of(tx: &mut Tx<'_>, records: &[Id]) -> Result<Vec<SignedForm>, DbError> {
    let keys: Vec<Value<'_>> = records.iter().map(|id| v(*id)).collect();
    let sql = "SELECT person_id, id, text_version, fields, signature_id, assisted, assisted_by,
                      signed_on, by_name FROM person_form WHERE person_id IN (#)";
    let read = |row: &Row| {
        let bad = || DbError::Engine("a form cannot be read".to_owned());
        Ok(SignedForm {
            person: row.get(0)?,
            id: row.get(1)?,
            text_version: row.get(2)?,
            fields: serde_json::from_str(&row.get::<String>(3)?).map_err(|_| bad())?,
            signature: row.get(4)?,
            assisted: row.get(5)?,
            assisted_by: row.get(6)?,
            signed_on: parse_day(&row.get::<String>(7)?).ok_or_else(bad)?,
            by_name: row.get(8)?,
        })
    };
    let rows = tx.query_in(sql, &keys)?;
    let mut forms = rows.iter().map(read).collect::<Result<Vec<_>, DbError>>()?;
    forms.sort_by_key(|form| std::cmp::Reverse(form.id));
    Ok(forms)
}

/// The person and his signed forms, newest first; the look is journalled.
///
/// # Errors
/// There is no such person, or the database's word.
pub async fn open(
    app: &Platform,
    actor: &Actor,
    person: Id,
) -> Result<(Person, Vec<SignedForm>), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "person.read", "Art. 19");
    app.db
        .write(move |tx| {
            let why = "申领登记表 / registration form";
            let person = crate::service::read(tx, entry.clone(), person, why)?;
            let records = records::of(tx, person.id)?;
            Ok((person, forms_of(tx, &records)?))
        })
        .await
}
