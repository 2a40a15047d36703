//! What a question must say, when the brakes on bulk reading act, and marks of recipients (Art. 18,
//! 19).

use kernel::id::Id;
use kernel::keys::Keys;
use kernel::platform::random;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use crate::agreements::catalogue::SharedField;
use crate::agreements::rules::{Agreement, Refused};

/// The most persons of one question.
pub const MOST: usize = 1_000;

/// A question under an agreement.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Chosen by the caller, 8 to 64 letters, digits or hyphens: the same question sent twice is one.
    pub request_id: String,
    /// Id of the agreement.
    #[schema(value_type = String)]
    pub agreement: Id,
    /// Code of the agreed purpose.
    pub purpose: String,
    /// Number of the case.
    pub case_no: String,
    /// Officer who needs it.
    pub officer: String,
    /// Another officer who agrees, where the brake on bulk reading asks for one.
    #[serde(default)]
    pub second_officer: String,
    /// Fewer fields than agreed; all of them when missing.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Whom it is about, up to 1,000.
    pub persons: Vec<Who>,
}

/// One person of a question, by one of two numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// The caller's own name for this line; it comes back with the answer.
    #[serde(default, rename = "ref")]
    pub reference: String,
    /// Person number.
    #[serde(default)]
    pub number: String,
    /// Card number.
    #[serde(default)]
    pub card_number: String,
}

/// Whether a question is well-formed and within its agreement; the fields to be answered.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(ask: &Ask, agreement: &Agreement) -> Result<Vec<SharedField>, Refused> {
    let says = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    if !is_request_id(&ask.request_id) {
        return Err(Refused::RequestId);
    }
    if ask.purpose != agreement.terms.purpose_code {
        return Err(Refused::OtherPurpose);
    }
    if !says(&ask.case_no, 64) || !says(&ask.officer, 40) || ask.second_officer.len() > 160 {
        return Err(Refused::NoCase);
    }
    if same_name(&ask.second_officer, &ask.officer) {
        return Err(Refused::SameOfficer);
    }
    let one_number = |who: &Who| who.number.is_empty() != who.card_number.is_empty();
    let short = |who: &Who| {
        who.reference.len() <= 64 && who.number.len() <= 32 && who.card_number.len() <= 32
    };
    let fit = ask.persons.iter().all(|who| one_number(who) && short(who));
    if ask.persons.is_empty() || ask.persons.len() > MOST || !fit {
        return Err(Refused::Persons);
    }
    let agreed = &agreement.terms.fields;
    if ask.fields.is_empty() {
        return Ok(agreed.clone());
    }
    let wanted =
        |code: &String| SharedField::from_code(code).filter(|field| agreed.contains(field));
    let mut fields: Vec<SharedField> =
        ask.fields.iter().map(wanted).collect::<Option<_>>().ok_or(Refused::OtherField)?;
    fields.sort();
    fields.dedup();
    Ok(fields)
}

fn is_request_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (8..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn same_name(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    !one.trim().is_empty() && bare(one) == bare(other)
}

/// Why the brake on bulk reading acts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Signal {
    /// Too many persons in an hour.
    Rate,
    /// Too many persons who were never asked about before.
    Novelty,
    /// At night or on a weekend.
    OffHours,
    /// A person whose data needs a second look.
    Marked,
    /// A person who exists for nobody's work: alarms without a word to the caller.
    Canary,
}

impl Signal {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Novelty => "novelty",
            Self::OffHours => "off-hours",
            Self::Marked => "marked",
            Self::Canary => "canary",
        }
    }
}

/// What the brake looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Persons of this question.
    pub persons: i64,
    /// Persons of the last hour before it.
    pub last_hour: i64,
    /// Persons of this question whom this agreement never asked about.
    pub novel: i64,
    /// Marked persons among them.
    pub marked: i64,
    /// Canaries among them.
    pub canaries: i64,
}

/// From when on it acts.
#[derive(Clone, Copy, Debug)]
pub struct Brakes {
    /// Persons in an hour.
    pub rate: i64,
    /// New persons in one question.
    pub novelty: i64,
    /// Persons in one question at night or on a weekend.
    pub off_hours: i64,
}

/// Why the brake acts on a question, if it does.
pub fn signals(seen: Seen, brakes: Brakes, now: Utc) -> Vec<Signal> {
    let found = [
        (seen.last_hour + seen.persons > brakes.rate, Signal::Rate),
        (seen.novel > brakes.novelty, Signal::Novelty),
        (is_off_hours(now) && seen.persons > brakes.off_hours, Signal::OffHours),
        (seen.marked > 0, Signal::Marked),
        (seen.canaries > 0, Signal::Canary),
    ];
    found.into_iter().filter(|(acts, _)| *acts).map(|(_, signal)| signal).collect()
}

/// Hour of Chongqing's day, 0 to 23.
pub fn hour(now: Utc) -> i64 {
    (now.0 - Utc::start_of(now.day()).0).div_euclid(3_600 * Utc::SECOND)
}

/// Before 7, from 20 on, and on Saturdays and Sundays.
pub fn is_off_hours(now: Utc) -> bool {
    let weekend = now.day().weekday().number_days_from_monday() >= 5;
    weekend || !(7..20).contains(&hour(now))
}

const PSEUDONYM: &str = "share-pseudonym";
const MARK: &str = "share-mark";

fn mac(keys: &Keys, name: &str, parts: &[&[u8]]) -> Result<[u8; 32], Problem> {
    let failed = |error: seal::keystore::KeyError| {
        Problem::from(kernel::db::DbError::Unavailable(error.to_string()))
    };
    keys.store().create(name, &random::<32>()).map_err(failed)?;
    let mut message = Vec::new();
    for part in parts {
        message.extend((part.len() as u32).to_be_bytes());
        message.extend(*part);
    }
    keys.store().mac(name, &message).map_err(failed)
}

/// How one organisation knows a person: the same in all its answers, another one in everybody
/// else's, and without the key nobody can tell which belong together.
///
/// # Errors
/// The key store does not answer.
pub fn pseudonym(keys: &Keys, org: Id, person: Id) -> Result<String, Problem> {
    let mac = mac(keys, PSEUDONYM, &[&org.0.to_be_bytes(), &person.0.to_be_bytes()])?;
    Ok(hex::encode(&mac[..16]))
}

/// What a question is known again by: keyed, because the numbers in it could be guessed from a hash.
///
/// # Errors
/// The key store does not answer.
pub fn digest(keys: &Keys, ask: &Ask) -> Result<[u8; 32], Problem> {
    let text = serde_json::to_vec(ask);
    let text = text.map_err(|error| kernel::db::DbError::Engine(error.to_string()))?;
    mac(keys, MARK, &[b"question", &text])
}

/// Place of a row among the rows of an export: the order is the export's own.
///
/// # Errors
/// The key store does not answer.
pub fn place(keys: &Keys, export: Id, row: &str) -> Result<[u8; 32], Problem> {
    mac(keys, MARK, &[b"place", &export.0.to_be_bytes(), row.as_bytes()])
}

/// Record id of a row: another one in each export.
///
/// # Errors
/// The key store does not answer.
pub fn record_id(keys: &Keys, export: Id, row: &str) -> Result<String, Problem> {
    let mac = mac(keys, MARK, &[b"record", &export.0.to_be_bytes(), row.as_bytes()])?;
    Ok(hex::encode(&mac[..8]))
}

/// How many of the neighbours in a list stand in the order of an export, and of how many pairs. A
/// list that is not this export's has about half of them so.
///
/// # Errors
/// The key store does not answer.
pub fn in_order(keys: &Keys, export: Id, rows: &[String]) -> Result<(usize, usize), Problem> {
    let places = rows.iter().map(|row| place(keys, export, row)).collect::<Result<Vec<_>, _>>()?;
    let fits = places.windows(2).filter(|pair| pair[0] < pair[1]).count();
    Ok((fits, places.len().saturating_sub(1)))
}
