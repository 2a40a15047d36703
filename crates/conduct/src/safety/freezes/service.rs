//! Use cases of a single freeze: made, looked at, lapsed.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use people::freezes::rules::{LOOK_HOURS, Terms, UNSEEN_HOURS, UPHELD_DAYS};
use people::freezes::{Freeze, Reason, Refused, Scope, Source, Thaw, store};

use crate::safety::{note, words};

/// A freeze to be made.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What it covers.
    pub scope: Scope,
    /// Why.
    pub reason: Reason,
    /// Why, in words.
    pub words: String,
    /// Number of a file, a report, a call; may be empty.
    pub evidence: String,
    /// The alert that led to it.
    pub alert: Option<Id>,
}

impl Wanted {
    /// Reads what a form or program sent.
    ///
    /// # Errors
    /// [`Refused::BadScope`], [`Refused::NoReason`], or a text is too long.
    pub fn parse(
        (scope, item): (&str, &str),
        reason: &str,
        text: &str,
        evidence: &str,
    ) -> Result<Self, Problem> {
        let scope = Scope::parse(scope, item)?;
        let reason = Reason::from_code(reason).ok_or(Refused::NoReason)?;
        let (words, evidence) = (words("words", text)?, note("evidence", evidence)?);
        Ok(Self { scope, reason, words, evidence, alert: None })
    }
}

/// The authority's terms of now.
pub(crate) fn terms(tx: &mut Tx<'_>, now: Utc) -> Result<Terms, DbError> {
    Ok(Terms {
        look_hours: settings::get(tx, &LOOK_HOURS, now)?,
        unseen_hours: settings::get(tx, &UNSEEN_HOURS, now)?,
        upheld_days: settings::get(tx, &UPHELD_DAYS, now)?,
    })
}

/// Freezes a person's card: it counts from this transaction on.
///
/// # Errors
/// [`Refused::Already`]; 404 for nobody.
pub async fn freeze(
    app: &App,
    actor: &Actor,
    source: Source,
    person: Id,
    wanted: Wanted,
) -> Result<Freeze, Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db.write(move |tx| freeze_in(tx, &platform, &actor, source, person, &wanted, now)).await
}

/// As [`freeze`], inside the caller's transaction.
///
/// # Errors
/// As [`freeze`].
pub(crate) fn freeze_in(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    source: Source,
    person: Id,
    wanted: &Wanted,
    now: Utc,
) -> Result<Freeze, Problem> {
    let person = people::store::by_id(tx, person)?.ok_or_else(Problem::not_found)?;
    let terms = terms(tx, now)?;
    let about = (app.id(), person.id);
    let made = Freeze::new(about, wanted.scope.clone(), source, wanted.reason, &terms, now);
    let freeze = Freeze {
        words: wanted.words.clone(),
        evidence: wanted.evidence.clone(),
        alert: wanted.alert,
        division: actor.division.clone(),
        by: actor.account,
        by_name: actor.name.clone(),
        ..made
    };
    if store::insert(tx, std::slice::from_ref(&freeze))? != [true] {
        return Err(Refused::Already.into());
    }
    let detail = serde_json::json!({
        "scope": freeze.scope.code(), "item": freeze.scope.item(), "source": source.code(),
        "reason": freeze.reason.code(),
    });
    record(tx, app, actor, "card.frozen", &freeze, &freeze.words, detail, now)?;
    let what = freeze.scope.name().zh;
    let way = source.thaw().advice().zh;
    tell(tx, app, &person.phone, now, format!("您的社会保障卡已冻结（{what}）。{way}。"))?;
    Ok(freeze)
}

/// One entry of the journal about a freeze.
#[allow(clippy::too_many_arguments)]
pub(crate) fn record(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    act: &'static str,
    freeze: &Freeze,
    why: &str,
    detail: serde_json::Value,
    now: Utc,
) -> Result<(), DbError> {
    let entry = Entry::new(app.id(), now, actor, act, "Art. 20").about(freeze.person);
    let entry = entry.on("freeze", freeze.id).why(why, &[]);
    journal::record(tx, &Entry { detail, ..entry })
}

/// Tells the holder by SMS, when a phone is on record.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    app: &Platform,
    phone: &str,
    now: Utc,
    text: String,
) -> Result<(), DbError> {
    if phone.is_empty() {
        return Ok(());
    }
    let text = format!("【一卡通】{text}如有疑问请拨打12333。");
    outbox::put_sms(tx, app.id(), now, &Sms { to: phone.to_owned(), text })
}

/// All freezes of a person, newest first; the look is on record.
///
/// # Errors
/// 404 for nobody.
pub async fn of_person(app: &App, actor: &Actor, person: Id) -> Result<Vec<Freeze>, Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            people::store::by_id(tx, person)?.ok_or_else(Problem::not_found)?;
            let found = store::of_person(tx, person, 50)?;
            let entry = Entry::new(platform.id(), now, &actor, "freezes.read", "Art. 20");
            let why = "查看冻结记录 / look at freezes";
            journal::record(tx, &entry.about(person).why(why, &["freezes"]))?;
            Ok(found)
        })
        .await
}

/// Whether an officer's area holds a freeze: the city sees all, a district its own.
pub(crate) fn may_see(actor: &Actor, freeze: &Freeze) -> bool {
    match actor.role {
        Role::DistrictOfficer | Role::DistrictApprover => {
            let own: String = actor.division.chars().take(6).collect();
            freeze.division.is_empty() || freeze.division.starts_with(&own)
        }
        _ => true,
    }
}

/// One freeze as an officer sees it, with the holder's name and masked number; on record.
///
/// # Errors
/// 404 when there is none in his area.
pub async fn one(app: &App, actor: &Actor, id: Id) -> Result<(Freeze, String, String), Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let freeze = store::get(tx, id)?.filter(|one| may_see(&actor, one));
            let freeze = freeze.ok_or_else(Problem::not_found)?;
            let person = people::store::by_id(tx, freeze.person)?.ok_or_else(Problem::not_found)?;
            let why = "复核冻结 / a look at a freeze";
            let detail = serde_json::Value::Null;
            record(tx, &platform, &actor, "freeze.read", &freeze, why, detail, now)?;
            Ok((freeze, person.name, person.number.mask()))
        })
        .await
}

/// The second look (Art. 25: another officer): it is upheld for its term, or ends.
///
/// # Errors
/// [`Refused::OwnLook`], [`Refused::NotInForce`].
pub async fn look(
    app: &App,
    officer: &Actor,
    id: Id,
    uphold: bool,
    text: &str,
) -> Result<(), Problem> {
    let text = words("note", text)?;
    let (platform, actor, now) = (app.clone(), officer.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let freeze = store::get(tx, id)?.filter(|one| may_see(&actor, one));
            let freeze = freeze.ok_or_else(Problem::not_found)?;
            let terms = terms(tx, now)?;
            let ends_at = freeze.look(actor.account, &terms, now)?;
            if !uphold {
                freeze.may_thaw(Thaw::TwoOfficers)?;
            }
            let who = (actor.account, actor.name.as_str());
            let detail = serde_json::json!({ "upheld": uphold });
            match uphold {
                true => store::uphold(tx, &freeze, who, &text, ends_at, now)?,
                false => lift(tx, &platform, &freeze, who, &text, now)?,
            }
            Ok(record(tx, &platform, &actor, "freeze.looked-at", &freeze, &text, detail, now)?)
        })
        .await
}

/// Ends a freeze and tells the holder; the caller has checked that it may end and journals it.
pub(crate) fn lift(
    tx: &mut Tx<'_>,
    app: &Platform,
    freeze: &Freeze,
    who: (Id, &str),
    proof: &str,
    now: Utc,
) -> Result<(), DbError> {
    store::lift(tx, freeze, who, proof, now)?;
    let phone = people::store::by_id(tx, freeze.person)?.map(|person| person.phone);
    let left = store::live_of(tx, freeze.person)?.len();
    let what = freeze.scope.name().zh;
    let rest = if left == 0 { "" } else { "另有其他冻结仍然有效。" };
    let text = format!("您的社会保障卡冻结（{what}）已解除。{rest}");
    tell(tx, app, &phone.unwrap_or_default(), now, text)
}

/// One round: what nobody upheld lapses, what nobody looked at in time is raised.
///
/// # Errors
/// See [`Problem`].
pub async fn watch(app: &App) -> Result<String, Problem> {
    let (platform, now) = (app.clone(), Utc::now());
    let done = app.db.write(move |tx| watch_in(tx, &platform, now)).await?;
    Ok(format!("{} lapsed, {} overdue", done.0, done.1))
}

/// As [`watch`] at a given moment; the last entry keeps a round without work from being refused.
pub(crate) fn watch_in(
    tx: &mut Tx<'_>,
    app: &Platform,
    now: Utc,
) -> Result<(usize, usize), Problem> {
    const MOST: i64 = 200;
    let system = Actor::system();
    let lapsing = store::lapsing(tx, now, MOST)?;
    for freeze in &lapsing {
        lift(tx, app, freeze, (Id(0), "到期"), "期满未续，自动解冻", now)?;
        let detail = serde_json::Value::Null;
        record(tx, app, &system, "card.freeze-lapsed", freeze, "期满自动解冻", detail, now)?;
    }
    let overdue = store::overdue(tx, now, MOST)?;
    for freeze in &overdue {
        store::set_told(tx, freeze)?;
        let detail = serde_json::Value::Null;
        record(tx, app, &system, "freeze.look-overdue", freeze, "逾期未复核", detail, now)?;
    }
    Ok((lapsing.len(), overdue.len()))
}
