//! Use cases: telling, taking up, answering, closing; and finding what is not served.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::divisions;
use kernel::id::Id;
use kernel::jobs::Round;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::{FieldProblem, Problem};
use kernel::settings;
use kernel::time::{Utc, parse_day};
use time::Duration;

use super::rules::{self, Act, Kind, Source, State, Telling};
use super::store::{self, Report};
use super::{ANSWER_DAYS, UNSERVED_DAYS};

/// Somebody tells of a refusal or omission; without a name when `actor` is none.
///
/// # Errors
/// Fields that are missing, too long, in the future, or of no item.
pub async fn tell(app: &Platform, actor: Option<&Actor>, told: &Telling) -> Result<Id, Problem> {
    tell_once(app, actor, told, None).await
}

/// Like [`tell`], with the teller's own number of it: the same again is the same report.
///
/// # Errors
/// Those of [`tell`].
pub async fn tell_once(
    app: &Platform,
    actor: Option<&Actor>,
    told: &Telling,
    key: Option<String>,
) -> Result<Id, Problem> {
    let now = Utc::now();
    let report = Report { key, ..read(told, actor, app.id(), now)? };
    let system = Actor::system();
    let entry = Entry::new(app.id(), now, actor.unwrap_or(&system), "refusal.told", "Art. 25")
        .on("report", report.id)
        .why("反映拒绝用卡 / telling of a refusal", &[]);
    app.db
        .write(move |tx| {
            if let (Some(teller), Some(key)) = (report.told_by, &report.key)
                && let Some(known) = store::by_key(tx, teller, key)?
            {
                return Ok(known);
            }
            let items = items::store::names(tx)?;
            let named =
                |code: &str| items.iter().find(|item| item.code == code || item.name.zh == code);
            let item = match (report.item.as_str(), named(&report.item)) {
                ("", _) => String::new(),
                (_, Some(item)) => item.code.clone(),
                (_, None) => return Err(Problem::field("item", no_item())),
            };
            enter(tx, Report { item, ..report.clone() }, &entry, now)?;
            Ok(report.id)
        })
        .await
}

fn no_item() -> Text {
    Text::new("清单中没有该事项，可留空", "No such item is on the list; it may stay empty")
}

fn enter(tx: &mut Tx<'_>, report: Report, entry: &Entry, now: Utc) -> Result<(), Problem> {
    let days = settings::get(tx, &ANSWER_DAYS, now)?;
    let report = Report { due: now.day().saturating_add(Duration::days(days)), ..report };
    if !store::insert(tx, &report)? {
        // Another process opened the case, or took the same report, in this moment.
        return Err(DbError::Conflict.into());
    }
    Ok(journal::record(tx, &Entry { item: report.item, ..entry.clone() })?)
}

fn read(told: &Telling, actor: Option<&Actor>, id: Id, now: Utc) -> Result<Report, Problem> {
    let mut wrong = Vec::new();
    let mut fault = |field: &str, bad: bool, zh: &str, en: &str| {
        if bad {
            wrong.push(FieldProblem { field: field.to_owned(), text: Text::new(zh, en) });
        }
    };
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let kind = Kind::from_code(&told.kind).filter(|kind| match kind {
        Kind::Refused => true,
        // Only those who serve can know it.
        Kind::WithoutCard => {
            matches!(Source::of(actor), Source::Clerk | Source::Department)
        }
        Kind::Unserved => false,
    });
    let day = parse_day(told.day.trim()).filter(|day| *day <= now.day());
    let division = told.division.trim();
    fault("kind", kind.is_none(), "请选择类型", "Choose what it is");
    fault("place", !fits(&told.place, 100), "请填写地点（100字以内）", "Where, up to 100 letters");
    fault(
        "reason",
        !fits(&told.reason, 500),
        "请填写情况（500字以内）",
        "What happened, up to 500 letters",
    );
    fault("day", day.is_none(), "请填写日期，不能晚于今天", "The day, not after today");
    let nowhere = !division.is_empty() && divisions::find(division).is_none();
    fault("division", nowhere, "没有该区划", "There is no such division");
    let (Some(kind), Some(day), true) = (kind, day, wrong.is_empty()) else {
        return Err(Problem::invalid(wrong));
    };
    Ok(Report {
        id,
        kind,
        item: told.item.trim().to_owned(),
        place: told.place.trim().to_owned(),
        division: division.to_owned(),
        day,
        reason: told.reason.trim().to_owned(),
        source: Source::of(actor),
        told_by: actor.map(|actor| actor.account),
        told_at: now,
        state: State::Open,
        due: now.day(),
        taken_by: None,
        taken_name: String::new(),
        answer: String::new(),
        answered_by: None,
        closed_by: None,
        closed_at: None,
        version: 1,
        key: None,
    })
}

/// A supervisor takes a step with a report.
///
/// # Errors
/// [`rules::Refused`] as a problem.
pub async fn act(app: &Platform, actor: &Actor, id: Id, act: Act) -> Result<(), Problem> {
    let now = Utc::now();
    let name = match act {
        Act::Take => "refusal.taken",
        Act::Answer(_) => "refusal.answered",
        Act::Close => "refusal.closed",
        Act::Return => "refusal.returned",
    };
    let entry = Entry::new(app.id(), now, actor, name, "Art. 25")
        .on("report", id)
        .why("办理拒绝用卡反映 / looking into a report", &[]);
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let mut report = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            if !rules::may_see(&actor, &report.division) {
                return Err(rules::Refused::Division.into());
            }
            let (taken, answered) = (report.taken_by, report.answered_by);
            report.state = rules::follow(report.state, &act, &actor, taken, answered)?;
            match &act {
                Act::Take => {
                    (report.taken_by, report.taken_name) =
                        (Some(actor.account), actor.name.clone());
                }
                Act::Answer(words) => {
                    report.answer = words.trim().chars().take(1_000).collect();
                    report.answered_by = Some(actor.account);
                }
                Act::Close => {
                    (report.closed_by, report.closed_at) = (Some(actor.account), Some(now))
                }
                Act::Return => report.answered_by = None,
            }
            store::update(tx, &report)?;
            let entry = Entry { item: report.item, ..entry.clone() };
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

pub(super) fn unserved_round(app: App) -> Round {
    Box::pin(async move { Ok(format!("{} found", find_unserved(&app).await?)) })
}

/// Opens a case for each item on the list that nobody has used for the days of the setting, unless one is
/// open; returns how many.
///
/// # Errors
/// The database's word.
pub async fn find_unserved(app: &Platform) -> Result<usize, Problem> {
    let now = Utc::now();
    let today = now.day();
    let found = app.db.read(move |tx| {
        let days = settings::get(tx, &UNSERVED_DAYS, now)?;
        let used = store::last_uses(tx)?;
        let known = store::known_unserved(tx, now.plus_seconds(-days * 86_400))?;
        let idle = items::store::names(tx)?.into_iter().filter(|item| {
            let last_use = used.get(&item.code).copied();
            !known.contains(&item.code)
                && rules::unserved(item.first, item.last, last_use, today, days)
        });
        Ok::<_, Problem>(idle.map(|item| (item.code, days)).collect::<Vec<_>>())
    });
    let mut opened = 0;
    for (code, days) in found.await? {
        let (id, system) = (app.id(), Actor::system());
        let entry = Entry::new(app.id(), now, &system, "refusal.found", "Art. 25")
            .on("report", id)
            .why("清单事项未开展 / an item that is not served", &[]);
        let telling = Telling {
            kind: Kind::Refused.code().to_owned(),
            item: code,
            place: "全市".to_owned(),
            day: kernel::time::day_text(today),
            reason: format!("{days}天内没有用卡记录"),
            ..Telling::default()
        };
        let report = Report {
            kind: Kind::Unserved,
            source: Source::Platform,
            told_by: None,
            ..read(&telling, None, id, now)?
        };
        app.db.write(move |tx| enter(tx, report.clone(), &entry, now)).await?;
        opened += 1;
    }
    Ok(opened)
}
