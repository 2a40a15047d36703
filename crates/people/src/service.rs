//! Use cases of the person register.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::{FieldProblem, Problem};
use kernel::time::{Utc, parse_day};
use serde::{Deserialize, Serialize};
use time::Date;

use crate::document::DocumentKind;
use crate::duplicates;
use crate::number::{PersonNumber, Sex, Strictness};
use crate::pinyin;
use crate::rules::{Ground, Person, Refused};
use crate::store;

/// What a clerk enters to register a person (Art. 12), as typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
pub struct Registration {
    /// Person number as on the document.
    #[schema(example = "11010119900307803X")]
    pub number: String,
    /// Kind of document: `resident_card`, `household_book`, …
    pub document: String,
    /// Name as on the document.
    pub name: String,
    /// `1` male, `2` female; may be left out when the number tells it.
    #[serde(default)]
    pub sex: String,
    /// `YYYY-MM-DD`; may be left out when the number tells it.
    #[serde(default)]
    pub birth: String,
    /// 民族 or country; may be empty.
    #[serde(default)]
    pub nation: String,
    /// Mobile phone for messages.
    #[serde(default)]
    pub phone: String,
    /// Address for delivery.
    #[serde(default)]
    pub address: String,
    /// Division of the household book (GB/T 2260), six digits; empty for people without one.
    #[serde(default)]
    pub household: String,
    /// Ground of Art. 5: `household`, `employment`, `study`, `residence`.
    pub ground: String,
    /// Last day of an entitlement, `YYYY-MM-DD`.
    #[serde(default)]
    pub ground_until: String,
}

fn wrong(field: &str, zh: &str, en: &str) -> FieldProblem {
    FieldProblem { field: field.to_owned(), text: Text::new(zh, en) }
}

/// Reads a registration, telling all that is wrong at once.
///
/// # Errors
/// A problem with a line for each wrong field.
pub fn read_registration(form: &Registration, id: Id, today: Date) -> Result<Person, Problem> {
    let mut faults = Vec::new();
    let number = match PersonNumber::parse(&form.number, today, Strictness::Checked) {
        Ok(parsed) => Some(parsed.number),
        Err(error) => {
            faults.push(FieldProblem {
                field: "number".into(),
                text: Text::new(error.zh(), error.en()),
            });
            None
        }
    };
    let document = DocumentKind::from_code(&form.document);
    match (document, &number) {
        (None, _) => {
            faults.push(wrong("document", "请选择证件类型", "Choose the kind of document"))
        }
        (Some(document), Some(number)) if !document.accepts(number.kind()) => {
            faults.push(wrong("document", "证件类型与号码不相符", "Does not fit the number"));
        }
        _ => {}
    }
    let name = pinyin::normalise_name(&form.name);
    if name.is_empty() || name.chars().count() > 60 {
        faults.push(wrong(
            "name",
            "请填写证件上的姓名（60字以内）",
            "The name on the document, up to 60 letters",
        ));
    }
    let told = number.as_ref();
    let sex = told.and_then(PersonNumber::sex).or_else(|| Sex::from_code(&form.sex));
    if sex.is_none() && told.is_some() {
        faults.push(wrong("sex", "请选择性别", "Choose the sex"));
    }
    let birth = told
        .and_then(PersonNumber::birth)
        .or_else(|| parse_day(&form.birth).filter(|d| *d <= today));
    if birth.is_none() && told.is_some() {
        faults.push(wrong(
            "birth",
            "请填写出生日期，如 1990-01-31",
            "The birth date, like 1990-01-31",
        ));
    }
    check_reach(form, today, &mut faults);
    let ground = Ground::from_code(&form.ground);
    if ground.is_none() {
        faults.push(wrong("ground", "请选择申领依据（第五条）", "Choose the ground of Art. 5"));
    }
    let ground_until = parse_day(&form.ground_until);
    if ground.is_some_and(|g| g != Ground::Household) && ground_until.is_none() {
        faults.push(wrong("ground_until", "请填写权益截止日期", "The last day of the entitlement"));
    }
    let (Some(number), Some(document), Some(sex), Some(birth), Some(ground), true) =
        (number, document, sex, birth, ground, faults.is_empty())
    else {
        return Err(Problem::invalid(faults));
    };
    Ok(Person {
        id,
        number,
        document,
        name,
        sex,
        birth,
        nation: form.nation.trim().to_owned(),
        phone: form.phone.trim().to_owned(),
        address: form.address.trim().to_owned(),
        household: form.household.trim().to_owned(),
        ground,
        ground_until,
        deceased_on: None,
        version: 1,
    })
}

fn check_reach(form: &Registration, today: Date, faults: &mut Vec<FieldProblem>) {
    let phone = form.phone.trim();
    let mobile =
        phone.len() == 11 && phone.starts_with('1') && phone.bytes().all(|b| b.is_ascii_digit());
    if !mobile {
        faults.push(wrong("phone", "请填写11位手机号码", "A mobile number of 11 digits"));
    }
    let address = form.address.trim().chars().count();
    if !(1..=120).contains(&address) {
        faults.push(wrong(
            "address",
            "请填写联系地址（120字以内）",
            "An address of up to 120 letters",
        ));
    }
    if form.nation.chars().count() > 30 {
        faults.push(wrong("nation", "民族或国籍过长", "Too long"));
    }
    let household = form.household.trim();
    let known =
        kernel::divisions::find(household).is_some_and(|d| d.from.is_none_or(|from| from <= today));
    if !household.is_empty() && !known {
        faults.push(wrong("household", "没有这个行政区划代码", "There is no such division"));
    }
}

/// Enters a person, or gives back who is registered with this number already.
///
/// # Errors
/// Wrong fields, or [`Refused::OtherName`] when the number belongs to another name.
pub async fn register(
    app: &Platform,
    actor: &Actor,
    form: Registration,
) -> Result<Person, Problem> {
    let now = Utc::now();
    let person = read_registration(&form, app.id(), now.day())?;
    let entry = Entry::new(app.id(), now, actor, "person.registered", "Art. 12");
    let fresh = fresh_ids(app);
    app.db.write(move |tx| register_in(tx, &person, &entry, &fresh)).await
}

/// Registers a person inside the caller's transaction; see [`register`]. `fresh` are ids for what is
/// found about duplicates.
///
/// # Errors
/// [`Refused::OtherName`], or the database's word.
pub fn register_in(
    tx: &mut Tx<'_>,
    person: &Person,
    entry: &Entry,
    fresh: &[Id],
) -> Result<Person, Problem> {
    if let Some(known) = store::by_number(tx, &person.number)? {
        if known.name != person.name {
            return Err(Refused::OtherName.into());
        }
        let read = Entry { act: "person.read", ..entry.clone() };
        journal::record(tx, &about(read, &known, "登记时查到已有人员"))?;
        return Ok(known);
    }
    store::insert(tx, person, entry.at)?;
    journal::record(tx, &about(entry.clone(), person, "登记人员 / registration"))?;
    duplicates::service::notice(tx, person, entry, fresh)?;
    Ok(person.clone())
}

/// Ids that [`register_in`] may need.
pub fn fresh_ids(app: &Platform) -> Vec<Id> {
    (0..2 * duplicates::service::MOST).map(|_| app.id()).collect()
}

/// The fields that a clerk sees of a person.
pub const CLERK_FIELDS: [&str; 8] =
    ["name", "number", "sex", "birth_date", "phone", "address", "household", "ground"];

fn about(entry: Entry, person: &Person, purpose: &str) -> Entry {
    entry.about(person.id).on("person", person.id).why(purpose, &CLERK_FIELDS)
}

/// People who fit a search at the desk; each one shown is journalled as read.
///
/// # Errors
/// See [`Problem`].
pub async fn search(app: &Platform, actor: &Actor, text: String) -> Result<Vec<Person>, Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "person.read", "Art. 19");
    let fresh: Vec<Id> = (0..MOST).map(|_| app.id()).collect();
    app.db
        .write(move |tx| {
            let found = store::search(tx, &text, MOST as i64)?;
            let entries: Vec<Entry> = found
                .iter()
                .zip(&fresh)
                .map(|(person, id)| {
                    let entry = Entry { id: *id, ..entry.clone() };
                    about(entry, person, "窗口查询 / search at the desk")
                })
                .collect();
            journal::record_all(tx, &entries)?;
            Ok(found)
        })
        .await
}

/// The most people that one search shows.
const MOST: usize = 20;

/// Reads a person for a purpose, inside the caller's transaction, and journals it.
///
/// # Errors
/// [`Refused::Unknown`], or the database's word.
pub fn read(tx: &mut Tx<'_>, entry: Entry, id: Id, purpose: &str) -> Result<Person, Problem> {
    let person = store::by_id(tx, id)?.ok_or(Refused::Unknown)?;
    journal::record(tx, &about(entry, &person, purpose))?;
    Ok(person)
}

pub use crate::entitlements::service::ending as ending_entitlements;
