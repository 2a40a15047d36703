//! Use cases of programmes: propose a version, decide on it, put it in force on its day.

use std::time::Duration;

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::jobs::{Job, Round};
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use time::Date;

use super::kinds::Kind;
use super::rules::{self, Body, Refused, Version};
use super::store::{self, Programme};

/// What a department proposes.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Code of the programme.
    pub code: String,
    /// First day.
    pub from: Date,
    /// Ends the programme on that day.
    pub closes: bool,
    /// The content.
    pub body: Body,
}

/// Puts due versions in force.
pub const JOB: Job = Job { name: "funds.programmes", every: Duration::from_secs(300), run: round };

fn round(app: App) -> Round {
    Box::pin(async move {
        let count = apply_due(&app, Utc::now()).await?;
        Ok(format!("{count} in force"))
    })
}

/// Proposes a version of a new or known programme (Art. 8).
///
/// # Errors
/// [`Refused`] as a problem, or the database's word.
pub async fn propose(app: &Platform, actor: &Actor, form: Proposal) -> Result<Id, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let (id, now, actor) = (app.id(), Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "programme.proposed", "Art. 8");
    app.db
        .write(move |tx| {
            let last = store::last_confirmed(tx, &form.code)?;
            let version = Version {
                id,
                code: form.code.clone(),
                version: store::next_version(tx, &form.code)?,
                department: last.as_ref().map_or(org, |last| last.department),
                from: form.from,
                closes: form.closes,
                body: form.body.clone(),
            };
            rules::check_proposal(&version, last.as_ref(), &actor, now.day())?;
            let entered = store::propose(tx, &version, &actor, now);
            entered.map_err(|error| match error {
                DbError::Unique(_) => Refused::Waiting.into(),
                other => Problem::from(other),
            })?;
            let mut entry = entry.clone().on("programme", &version.code);
            entry.detail = serde_json::json!({ "version": version.version });
            journal::record(tx, &entry)?;
            Ok(id)
        })
        .await
}

/// Confirms a proposal or sends it back; one that begins today is in force at once.
///
/// # Errors
/// [`Refused`]: own work, no comment, the kind is not open yet.
pub async fn decide(
    app: &Platform,
    checker: &Actor,
    id: Id,
    yes: bool,
    comment: &str,
) -> Result<(), Problem> {
    let (now, checker, comment) = (Utc::now(), checker.clone(), comment.trim().to_owned());
    let (programme, entry) =
        (app.id(), Entry::new(app.id(), now, &checker, "programme.decided", "Art. 8"));
    app.db
        .write(move |tx| {
            let waiting = store::proposed(tx, id)?.ok_or(Refused::NotWaiting)?;
            if waiting.made_by == checker.account {
                return Err(Refused::OwnWork.into());
            }
            if !yes && comment.is_empty() {
                return Err(Refused::NoComment.into());
            }
            let version = waiting.version;
            if yes && !version.closes {
                is_open(tx, &version.body, now)?;
            }
            store::decide(tx, id, &checker, yes, &comment, now)?;
            if yes && version.from <= now.day() {
                store::apply(tx, programme, &version)?;
            }
            let mut entry = entry.clone().on("programme", &version.code);
            entry.detail = serde_json::json!({ "version": version.version, "yes": yes });
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Whether the kind of a programme is open (Art. 8: 逐步开通).
///
/// # Errors
/// [`Refused::NotOpened`], or the database's word.
pub fn is_open(tx: &mut Tx<'_>, body: &Body, now: Utc) -> Result<(), Problem> {
    let kind = Kind::from_code(&body.kind).ok_or(Refused::UnknownKind)?;
    match settings::get(tx, kind.switch(), now)? {
        0 => Err(Refused::NotOpened.into()),
        _ => Ok(()),
    }
}

/// Puts in force what was confirmed for a day that has come; returns how many versions.
///
/// # Errors
/// The database's word.
pub async fn apply_due(app: &Platform, now: Utc) -> Result<usize, Problem> {
    let due = app.db.read(move |tx| Ok::<_, Problem>(store::due(tx, now.day())?)).await?;
    let count = due.len();
    for version in due {
        let (id, actor) = (app.id(), Actor::system());
        let entry = Entry::new(app.id(), now, &actor, "programme.in-force", "Art. 8")
            .on("programme", &version.code);
        app.db
            .write(move |tx| {
                store::apply(tx, id, &version)?;
                Ok::<_, Problem>(journal::record(tx, &entry)?)
            })
            .await?;
    }
    Ok(count)
}

/// All programmes that are open or were.
///
/// # Errors
/// The database's word.
pub async fn all(app: &Platform) -> Result<Vec<Programme>, Problem> {
    app.db.read(|tx| Ok::<_, Problem>(store::all(tx)?)).await
}

/// The programme with this code.
///
/// # Errors
/// Not found, or the database's word.
pub async fn one(app: &Platform, code: String) -> Result<Programme, Problem> {
    app.db.read(move |tx| store::by_code(tx, &code)?.ok_or_else(Problem::not_found)).await
}
