//! All SQL of the person register.

use kernel::db::{BulkRows, DbError, Kind, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};

use crate::document::DocumentKind;
use crate::number::{PersonNumber, Sex};
use crate::pinyin;
use crate::rules::{Ground, Person};

pub(crate) const COLUMNS: &str = "p.id, p.number, p.document, p.name, p.sex, p.birth, p.nation, p.phone, p.address, \
     p.household, p.ground, p.ground_until, p.deceased_on, p.version";

/// Where bulk loads of people go.
pub const PERSON_ROWS: BulkRows = BulkRows {
    table: "person",
    columns: &[
        ("id", Kind::Int),
        ("number", Kind::Text),
        ("document", Kind::Text),
        ("name", Kind::Text),
        ("pinyin", Kind::Text),
        ("initials", Kind::Text),
        ("sex", Kind::Text),
        ("birth", Kind::Text),
        ("nation", Kind::Text),
        ("phone", Kind::Text),
        ("address", Kind::Text),
        ("household", Kind::Text),
        ("ground", Kind::Text),
        ("ground_until", Kind::Text),
        ("deceased_on", Kind::Text),
        ("created_at", Kind::Int),
        ("version", Kind::Int),
    ],
};

/// Where bulk loads of the number directory go.
pub const NUMBER_ROWS: BulkRows = BulkRows {
    table: "person_number",
    columns: &[("number", Kind::Text), ("person_id", Kind::Int)],
};

/// A person as a row of [`PERSON_ROWS`].
pub fn person_row(person: &Person, now: Utc) -> Vec<Value<'static>> {
    let keys = pinyin::name_keys(&person.name);
    vec![
        v(person.id),
        sealed(person.number.as_str().to_owned()),
        v(person.document.code().to_owned()),
        sealed(person.name.clone()),
        sealed(keys.full.replace(' ', "")),
        sealed(keys.initials),
        v(person.sex.code().to_owned()),
        v(day_text(person.birth)),
        v(person.nation.clone()),
        sealed(person.phone.clone()),
        sealed(person.address.clone()),
        v(person.household.clone()),
        v(person.ground.code().to_owned()),
        v(person.ground_until.map(day_text)),
        v(person.deceased_on.map(day_text)),
        v(now),
        v(person.version),
    ]
}

/// A person's number as a row of [`NUMBER_ROWS`].
pub fn number_row(person: &Person) -> Vec<Value<'static>> {
    vec![sealed(person.number.as_str().to_owned()), v(person.id)]
}

/// Enters a person with his number.
///
/// # Errors
/// [`DbError::Unique`] when the number is known.
pub fn insert(tx: &mut Tx<'_>, person: &Person, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO person_number (number, person_id, is_current, document, from_on, reason)
               VALUES ($1, $2, TRUE, $3, $4, 'registered')";
    let from = day_text(now.day());
    let key = [sealed(person.number.as_str()), v(person.id), v(person.document.code()), v(from)];
    tx.execute(sql, &key)?;
    let names: Vec<&str> = PERSON_ROWS.columns.iter().map(|(name, _)| *name).collect();
    let target = format!("person ({})", names.join(", "));
    tx.insert_rows(&target, "", &[person_row(person, now)]).map(drop)
}

pub(crate) fn read(row: &Row) -> Result<Person, DbError> {
    let bad = |what: &str| DbError::Engine(format!("a person's {what} cannot be read"));
    let day = |text: Option<String>| text.as_deref().and_then(parse_day);
    let number: String = row.get(1)?;
    Ok(Person {
        id: row.get(0)?,
        number: PersonNumber::restore(&number).map_err(|_| bad("number"))?,
        document: DocumentKind::from_code(&row.get::<String>(2)?).ok_or_else(|| bad("document"))?,
        name: row.get(3)?,
        sex: Sex::from_code(&row.get::<String>(4)?).ok_or_else(|| bad("sex"))?,
        birth: day(row.get(5)?).ok_or_else(|| bad("birth date"))?,
        nation: row.get(6)?,
        phone: row.get(7)?,
        address: row.get(8)?,
        household: row.get(9)?,
        ground: Ground::from_code(&row.get::<String>(10)?).ok_or_else(|| bad("ground"))?,
        ground_until: day(row.get(11)?),
        deceased_on: day(row.get(12)?),
        version: row.get(13)?,
    })
}

/// The person with this id; the id of a merged record leads to the one that lives on.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Person>, DbError> {
    let sql = format!("SELECT {COLUMNS}, p.merged_into FROM person p WHERE p.id = $1");
    let Some(row) = tx.optional(&sql, &[v(id)])? else { return Ok(None) };
    match row.get::<Option<Id>>(14)? {
        None => read(&row).map(Some),
        Some(_) => {
            let living = crate::records::living(tx, id)?;
            living.map_or(Ok(None), |living| record(tx, living))
        }
    }
}

/// The record with this id as it is, merged or not.
///
/// # Errors
/// See [`DbError`].
pub fn record(tx: &mut Tx<'_>, id: Id) -> Result<Option<Person>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM person p WHERE p.id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Several people at once, in any order.
///
/// # Errors
/// See [`DbError`].
pub fn by_ids(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Person>, DbError> {
    let keys: Vec<Value<'_>> = ids.iter().map(|id| v(*id)).collect();
    let sql = format!("SELECT {COLUMNS} FROM person p WHERE p.id IN (#)");
    tx.query_in(&sql, &keys)?.iter().map(read).collect()
}

/// The person with this number.
///
/// # Errors
/// See [`DbError`].
pub fn by_number(tx: &mut Tx<'_>, number: &PersonNumber) -> Result<Option<Person>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person_number n JOIN person p ON p.id = n.person_id WHERE n.number = $1"
    );
    tx.optional(&sql, &[sealed(number.as_str())])?.as_ref().map(read).transpose()
}

/// What somebody typed into the search, by its shape: each is one read of one index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Typed {
    Phone,
    Number,
    Letters,
    Name,
}

impl Typed {
    fn of(compact: &str) -> Self {
        let digits = compact.bytes().all(|byte| byte.is_ascii_digit());
        match compact.chars().next() {
            Some(first) if !first.is_ascii() => Self::Name,
            Some('1') if digits && compact.len() == 11 => Self::Phone,
            _ if compact.bytes().any(|byte| byte.is_ascii_digit()) => Self::Number,
            _ => Self::Letters,
        }
    }
}

/// People with this number, phone or name, or with this name in pinyin or, after those, in initials.
///
/// # Errors
/// See [`DbError`].
pub fn search(tx: &mut Tx<'_>, text: &str, most: i64) -> Result<Vec<Person>, DbError> {
    let compact: String = pinyin::normalise_search(text).split(' ').collect();
    if compact.is_empty() {
        return Ok(Vec::new());
    }
    // The order is that of the index, so that a common name is not read and sorted whole.
    match Typed::of(&compact) {
        Typed::Phone => found(tx, "p.phone = $1", "p.phone, p.name", &compact, most),
        Typed::Number => {
            let by_number = "p.id IN (SELECT person_id FROM person_number WHERE number = $1)";
            found(tx, by_number, "p.id", &compact.to_uppercase(), most)
        }
        Typed::Name => {
            let name = pinyin::normalise_name(text);
            found(tx, "p.name = $1", "p.name, p.birth", &name, most)
        }
        Typed::Letters => {
            let mut people = found(tx, "p.pinyin = $1", "p.pinyin", &compact, most)?;
            let left = most - people.len() as i64;
            let more = found(tx, "p.initials = $1", "p.initials", &compact, left)?;
            // A name of one syllable letter would be both.
            let known: Vec<Id> = people.iter().map(|one| one.id).collect();
            people.extend(more.into_iter().filter(|one| !known.contains(&one.id)));
            Ok(people)
        }
    }
}

fn found(
    tx: &mut Tx<'_>,
    condition: &str,
    order: &str,
    key: &str,
    most: i64,
) -> Result<Vec<Person>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person p WHERE {condition} AND p.merged_into IS NULL
         ORDER BY {order} LIMIT $2"
    );
    tx.query(&sql, &[sealed(key), v(most)])?.iter().map(read).collect()
}

/// How many people are registered.
///
/// # Errors
/// See [`DbError`].
pub fn count(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    tx.one("SELECT COUNT(*) FROM person", &[])?.get(0)
}

/// Notes the day of a person's death, or takes a wrong one back.
///
/// # Errors
/// [`DbError::Conflict`] when the person changed meanwhile.
pub fn set_deceased(
    tx: &mut Tx<'_>,
    person: &Person,
    day: Option<time::Date>,
) -> Result<(), DbError> {
    let sql = "UPDATE person SET deceased_on = $1, version = version + 1
               WHERE id = $2 AND version = $3";
    tx.execute_one(sql, &[v(day.map(day_text)), v(person.id), v(person.version)])
}

/// Writes phone and address; empty ones are forgotten (PIPL 47).
///
/// # Errors
/// [`DbError::Conflict`] when the person changed meanwhile.
pub fn set_contact(tx: &mut Tx<'_>, person: &Person) -> Result<(), DbError> {
    let sql = "UPDATE person SET phone = $1, address = $2, version = version + 1
               WHERE id = $3 AND version = $4";
    let (phone, address) = (sealed(&person.phone), sealed(&person.address));
    tx.execute_one(sql, &[phone, address, v(person.id), v(person.version)])
}
