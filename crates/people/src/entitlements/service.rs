//! Setting, renewing and ending the ground on which a person has a card.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::settings::Setting;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;
use time::{Date, Duration};

use crate::rules::{Ground, Person, Refused as NoPerson};
use crate::{changes, evidence};

/// How many days before its end an entitlement is pointed out.
pub static HINT_DAYS: Setting = Setting {
    name: "people.entitlement-hint-days",
    default: 30,
    least: 1,
    most: 365,
    zh: "权益到期提前提示天数",
    en: "Days before its end that an entitlement is pointed out",
    article: 5,
};

/// One period of a ground, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// The record.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Ground of Art. 5.
    pub ground: Ground,
    /// First day.
    pub from: Date,
    /// Last day; none for registered residents.
    pub until: Option<Date>,
    /// `set`, `renewed` or `ended`.
    pub reason: String,
    /// Proof in the vault.
    pub evidence: Id,
    /// Who recorded it.
    pub by_name: String,
}

/// A ground as a clerk enters it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct NewEntitlement {
    /// `set` a ground, `renew` the present one, or `end` it.
    pub act: String,
    /// Ground of Art. 5, for `set`.
    #[serde(default)]
    pub ground: String,
    /// Last day, `YYYY-MM-DD`; of `household` it is empty.
    #[serde(default)]
    pub until: String,
    /// Id of the proof in the vault.
    pub evidence: String,
}

/// What a form asks for, read strictly.
fn read(
    form: &NewEntitlement,
    person: &Person,
    today: Date,
) -> Result<(Ground, Option<Date>, &'static str), Problem> {
    let wrong = |field: &str, zh: &str, en: &str| Problem::field(field, Text::new(zh, en));
    let until = parse_day(&form.until);
    let last = || {
        let farthest = today.saturating_add(Duration::days(3_653));
        let until = until.filter(|day| *day >= today && *day <= farthest);
        let text = || wrong("until", "请填写今天起十年以内的截止日期", "A day within ten years");
        until.ok_or_else(text)
    };
    match form.act.as_str() {
        "set" => {
            let ground = Ground::from_code(&form.ground);
            let ground = ground.ok_or_else(|| wrong("ground", "请选择申领依据", "The ground"))?;
            let until = if ground == Ground::Household { None } else { Some(last()?) };
            Ok((ground, until, "set"))
        }
        "renew" if person.ground == Ground::Household => {
            Err(wrong("act", "本市户籍无需续期", "Registered residents need no renewal"))
        }
        "renew" => {
            let until = last()?;
            match person.ground_until.is_some_and(|known| until <= known) {
                true => Err(wrong("until", "续期应晚于现截止日期", "After the present last day")),
                false => Ok((person.ground, Some(until), "renewed")),
            }
        }
        "end" => {
            let day = until.unwrap_or(today).min(today);
            Ok((person.ground, Some(day), "ended"))
        }
        _ => Err(wrong("act", "请选择办理内容", "Set, renew or end?")),
    }
}

/// Sets, renews or ends a person's ground with proof (Art. 5). An ended ground is the ground of a
/// cancellation, which a clerk decides (Art. 13).
///
/// # Errors
/// Wrong fields or missing evidence.
pub async fn record(
    app: &Platform,
    actor: &Actor,
    person: Id,
    form: NewEntitlement,
) -> Result<Entitlement, Problem> {
    let (now, id) = (Utc::now(), app.id());
    let entry = Entry::new(app.id(), now, actor, "entitlement.recorded", "Art. 5");
    let (entry, by) = (entry.on("entitlement", id), actor.clone());
    app.db
        .write(move |tx| {
            let mut person = crate::store::by_id(tx, person)?.ok_or(NoPerson::Unknown)?;
            let (ground, until, reason) = read(&form, &person, now.day())?;
            let evidence = evidence::service::proof(tx, person.id, &form.evidence)?;
            // Household registration that ended is no entitlement with an end: it is none at all.
            person.ground = match (reason, ground) {
                ("ended", Ground::Household) => Ground::Residence,
                _ => ground,
            };
            person.ground_until = until;
            changes::store::update(tx, &person)?;
            let one = Entitlement {
                person: person.id,
                id,
                ground,
                from: now.day(),
                until,
                reason: reason.to_owned(),
                evidence,
                by_name: by.name.clone(),
            };
            insert(tx, &one, &by, now)?;
            let entry = entry.clone().about(person.id);
            journal::record(tx, &entry.why(reason, &["ground"]))?;
            Ok(one)
        })
        .await
}

fn insert(tx: &mut Tx<'_>, one: &Entitlement, by: &Actor, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO entitlement (person_id, id, ground, from_on, until_on, reason, evidence_id,
                                  by_account, by_name, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            v(one.person),
            v(one.id),
            v(one.ground.code()),
            v(day_text(one.from)),
            v(one.until.map(day_text)),
            v(&one.reason),
            v(one.evidence),
            v(by.account),
            v(&by.name),
            v(now),
        ],
    )
    .map(drop)
}

/// A person with the recorded grounds, newest first; the look is journalled.
///
/// # Errors
/// There is no such person, or the database's word.
pub async fn told(
    app: &Platform,
    actor: &Actor,
    id: Id,
) -> Result<(Person, Vec<Entitlement>), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "person.read", "Art. 19");
    let read = move |tx: &mut Tx<'_>| {
        let why = "查看公共服务权益 / entitlement";
        let person = crate::service::read(tx, entry.clone(), id, why)?;
        let records = crate::records::of(tx, person.id)?;
        Ok::<_, Problem>((person, of(tx, &records)?))
    };
    app.db.write(read).await
}

/// The recorded grounds of these records, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of(tx: &mut Tx<'_>, records: &[Id]) -> Result<Vec<Entitlement>, DbError> {
    let keys: Vec<Value<'_>> = records.iter().map(|id| v(*id)).collect();
    let sql = "SELECT person_id, id, ground, from_on, until_on, reason, evidence_id, by_name
               FROM entitlement WHERE person_id IN (#)";
    let read = |row: &Row| {
        let bad = || DbError::Engine("an entitlement cannot be read".to_owned());
        Ok(Entitlement {
            person: row.get(0)?,
            id: row.get(1)?,
            ground: Ground::from_code(&row.get::<String>(2)?).ok_or_else(bad)?,
            from: parse_day(&row.get::<String>(3)?).ok_or_else(bad)?,
            until: row.get::<Option<String>>(4)?.as_deref().and_then(parse_day),
            reason: row.get(5)?,
            evidence: row.get(6)?,
            by_name: row.get(7)?,
        })
    };
    let rows = tx.query_in(sql, &keys)?;
    let mut all = rows.iter().map(read).collect::<Result<Vec<_>, DbError>>()?;
    all.sort_by_key(|one| std::cmp::Reverse(one.id));
    Ok(all)
}

/// Living people whose entitlement ends from today on within `days`, the soonest first.
///
/// # Errors
/// See [`DbError`].
pub fn ending(tx: &mut Tx<'_>, today: Date, days: i64, most: i64) -> Result<Vec<Person>, DbError> {
    let sql = format!(
        "SELECT {} FROM person p WHERE p.ground_until IS NOT NULL AND p.ground_until >= $1
           AND p.ground_until <= $2 AND p.merged_into IS NULL AND p.deceased_on IS NULL
         ORDER BY p.ground_until, p.id LIMIT $3",
        crate::store::COLUMNS
    );
    let until = day_text(today.saturating_add(Duration::days(days)));
    let rows = tx.query(&sql, &[v(day_text(today)), v(until), v(most)])?;
    rows.iter().map(crate::store::read).collect()
}
