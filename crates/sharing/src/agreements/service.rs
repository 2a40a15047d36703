//! Use cases of agreements: ask, assess, approve twice, review, revoke; each step is journalled.

use kernel::actor::{Actor, Role};
use kernel::auth::{self, NewAccount};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use time::Duration;

use super::catalogue::to_codes;
use super::rules::{self, Agreement, Refused, State, Terms};
use super::store::{self, Step};
use super::{REVIEW_DAYS, REVIEW_GRACE_DAYS};

/// The largest assessment, in bytes.
pub const LARGEST: usize = 4 * 1024 * 1024;

/// A department asks for an agreement, or for another version of one.
///
/// # Errors
/// [`Refused`], or the actor is of no organisation.
pub async fn request(
    app: &App,
    actor: &Actor,
    agreement: Option<Id>,
    terms: Terms,
) -> Result<Id, Problem> {
    let now = Utc::now();
    rules::check(&terms, now.day())?;
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let (version_id, fresh, step) = (app.id(), app.id(), app.id());
    let entry = Entry::new(app.id(), now, actor, "share.requested", "Art. 18");
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            if !terms.item.is_empty() && items::store::newest(tx, &terms.item)?.is_none() {
                return Err(Refused::NoSuchItem.into());
            }
            let known = agreement.map(|id| store::versions(tx, id)).transpose()?;
            let known = known.unwrap_or_default();
            if agreement.is_some() && known.first().is_none_or(|first| first.org != org) {
                return Err(Problem::not_found());
            }
            check_open(&known)?;
            let one = Agreement {
                version_id,
                id: agreement.unwrap_or(fresh),
                number: known.last().map_or(1, |last| last.number + 1),
                org,
                terms: terms.clone(),
                state: State::Requested,
                asked_by: actor.account,
                assessed_by: None,
                first_by: None,
                second_by: None,
                review_on: None,
                version: 1,
            };
            store::insert(tx, &one)?;
            store::add_step(tx, step, version_id, ("requested", ""), &actor, now)?;
            record(tx, &entry, &one, serde_json::Value::Null)?;
            Ok(version_id)
        })
        .await
}

fn check_open(known: &[Agreement]) -> Result<(), Refused> {
    if known.iter().any(|one| one.state == State::Revoked) {
        return Err(Refused::Revoked);
    }
    let waits =
        |one: &Agreement| matches!(one.state, State::Requested | State::Assessed | State::Approved);
    if known.iter().any(waits) { Err(Refused::Waiting) } else { Ok(()) }
}

fn record(
    tx: &mut Tx<'_>,
    entry: &Entry,
    one: &Agreement,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let mut entry = entry.clone().on("agreement", one.id).why(&one.terms.purpose, &[]);
    entry.item.clone_from(&one.terms.item);
    entry.detail = serde_json::json!({
        "version": one.number, "fields": to_codes(&one.terms.fields), "more": detail,
    });
    Ok(journal::record(tx, &entry)?)
}

/// Changes a version in one transaction: `work` decides and says the step.
async fn step(
    app: &App,
    actor: &Actor,
    version: Id,
    act: &'static str,
    comment: &str,
    work: impl Fn(&mut Tx<'_>, &mut Agreement) -> Result<serde_json::Value, Problem>
    + Send
    + Sync
    + 'static,
) -> Result<(), Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, act, "Art. 18");
    let (id, actor, comment) = (app.id(), actor.clone(), comment.trim().to_owned());
    app.db
        .write(move |tx| {
            let mut one = store::version(tx, version)?.ok_or_else(Problem::not_found)?;
            let detail = work(tx, &mut one)?;
            store::save(tx, &one)?;
            let name = act.rsplit('.').next().unwrap_or(act);
            store::add_step(tx, id, version, (name, &comment), &actor, now)?;
            record(tx, &entry, &one, detail)
        })
        .await
}

/// Puts the personal-information impact assessment on file.
///
/// # Errors
/// [`Refused`].
pub async fn assess(
    app: &App,
    actor: &Actor,
    version: Id,
    comment: &str,
    file: Vec<u8>,
) -> Result<(), Problem> {
    if file.len() > LARGEST || !file.starts_with(b"%PDF-") {
        return Err(Refused::Assessment.into());
    }
    let digest = seal::sm3::sm3(&file);
    let sealed = app.keys.seal_field(&file, &binding(version));
    let (who, size) = (actor.clone(), file.len() as i64);
    step(app, actor, version, "share.assessed", comment, move |tx, one| {
        rules::may_assess(one, &who)?;
        (one.state, one.assessed_by) = (State::Assessed, Some(who.account));
        store::insert_assessment(tx, version, size, &digest, &sealed)?;
        Ok(serde_json::json!({ "assessment_sm3": hex::encode(digest) }))
    })
    .await
}

fn binding(version: Id) -> Vec<u8> {
    [b"share-assessment".as_slice(), &version.0.to_be_bytes()].concat()
}

/// The assessment, opened and checked against its digest; the look is journalled.
///
/// # Errors
/// There is none, or it was damaged.
pub async fn assessment(app: &App, actor: &Actor, version: Id) -> Result<Vec<u8>, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "share.assessment-read", "Art. 19");
    let keys = app.keys.clone();
    app.db
        .write(move |tx| {
            let (digest, sealed) =
                store::assessment(tx, version)?.ok_or_else(Problem::not_found)?;
            let content = keys.open_field(&sealed, &binding(version));
            let content = content.filter(|content| seal::sm3::sm3(content) == digest);
            journal::record(tx, &entry.clone().on("agreement-version", version))?;
            content.ok_or_else(Problem::not_found)
        })
        .await
}

/// Approves; the second approval publishes.
///
/// # Errors
/// [`Refused`].
pub async fn approve(app: &App, actor: &Actor, version: Id, comment: &str) -> Result<(), Problem> {
    let (who, now) = (actor.clone(), Utc::now());
    step(app, actor, version, "share.approved", comment, move |tx, one| {
        rules::may_approve(one, &who)?;
        if one.state == State::Assessed {
            (one.state, one.first_by) = (State::Approved, Some(who.account));
            return Ok(serde_json::Value::Null);
        }
        let days = settings::get(tx, &REVIEW_DAYS, now)?;
        let from = one.terms.from.max(now.day());
        (one.state, one.second_by) = (State::Published, Some(who.account));
        one.review_on = Some(from.saturating_add(Duration::days(days)));
        Ok(serde_json::json!({ "published": true }))
    })
    .await
}

/// Sends a version back.
///
/// # Errors
/// [`Refused`].
pub async fn reject(app: &App, actor: &Actor, version: Id, comment: &str) -> Result<(), Problem> {
    if comment.trim().is_empty() {
        return Err(Refused::NoReason.into());
    }
    step(app, actor, version, "share.rejected", comment, |_, one| {
        if !matches!(one.state, State::Requested | State::Assessed | State::Approved) {
            return Err(Refused::NotNow.into());
        }
        one.state = State::Rejected;
        Ok(serde_json::Value::Null)
    })
    .await
}

/// Notes the yearly review: the agreement is still needed as it is.
///
/// # Errors
/// [`Refused`].
pub async fn review(app: &App, actor: &Actor, version: Id, comment: &str) -> Result<(), Problem> {
    if comment.trim().is_empty() {
        return Err(Refused::NoReason.into());
    }
    let now = Utc::now();
    step(app, actor, version, "share.reviewed", comment, move |tx, one| {
        if one.state != State::Published {
            return Err(Refused::NotNow.into());
        }
        let days = settings::get(tx, &REVIEW_DAYS, now)?;
        one.review_on = Some(now.day().saturating_add(Duration::days(days)));
        Ok(serde_json::Value::Null)
    })
    .await
}

/// Ends an agreement with all its versions, at once: the next question is refused, and its program's
/// credential is gone. A department may give up its own.
///
/// # Errors
/// [`Refused`].
pub async fn revoke(app: &App, actor: &Actor, version: Id, comment: &str) -> Result<(), Problem> {
    if comment.trim().is_empty() {
        return Err(Refused::NoReason.into());
    }
    let (who, now) = (actor.clone(), Utc::now());
    step(app, actor, version, "share.revoked", comment, move |tx, one| {
        if who.role == Role::DepartmentOfficer && who.org != Some(one.org) {
            return Err(Problem::not_found());
        }
        let versions = store::versions(tx, one.id)?;
        if versions.iter().any(|one| one.state == State::Revoked) {
            return Err(Refused::Revoked.into());
        }
        for other in versions.into_iter().filter(|other| other.version_id != one.version_id) {
            store::save(tx, &Agreement { state: State::Revoked, ..other })?;
        }
        one.state = State::Revoked;
        if let Some(program) = store::program(tx, one.id)? {
            auth::close_account(tx, program, now)?;
            store::remove_program(tx, one.id)?;
        }
        Ok(serde_json::Value::Null)
    })
    .await
}

/// Gives the department's program under an agreement a new credential, good for a year at most; the
/// one before ends within ten minutes.
///
/// # Errors
/// [`Refused`], or it is another department's.
pub async fn credential(app: &App, actor: &Actor, version: Id) -> Result<String, Problem> {
    let (now, fresh) = (Utc::now(), app.id());
    let entry = Entry::new(app.id(), now, actor, "share.credential", "Art. 18");
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let one = store::version(tx, version)?.ok_or_else(Problem::not_found)?;
            if actor.org != Some(one.org) {
                return Err(Problem::not_found());
            }
            let one = in_force(tx, one.id, now)?;
            let account = match store::program(tx, one.id)? {
                Some(account) => account,
                None => {
                    make_program(tx, &one, fresh, &actor, now)?;
                    fresh
                }
            };
            let last = Utc::start_of(one.terms.until.next_day().unwrap_or(one.terms.until));
            let until = last.min(Utc(now.0 + 365 * Utc::DAY));
            let token = auth::replace_tokens(tx, account, Role::DepartmentOfficer, until, now)?;
            record(tx, &entry, &one, serde_json::Value::Null)?;
            Ok(token)
        })
        .await
}

fn make_program(
    tx: &mut Tx<'_>,
    one: &Agreement,
    id: Id,
    actor: &Actor,
    now: Utc,
) -> Result<(), Problem> {
    let account = NewAccount {
        id,
        role: Role::DepartmentOfficer,
        name: format!("共享程序 {}", one.terms.purpose_code),
        org: Some(one.org),
        division: actor.division.clone(),
        person: None,
        phone: None,
    };
    auth::create_account(tx, &account, now)?;
    Ok(store::insert_program(tx, one.id, id)?)
}

/// The version of an agreement that counts now.
///
/// # Errors
/// [`Refused`].
pub fn in_force(tx: &mut Tx<'_>, agreement: Id, now: Utc) -> Result<Agreement, Problem> {
    let grace = settings::get(tx, &REVIEW_GRACE_DAYS, now)?;
    let versions = store::versions(tx, agreement)?;
    if versions.is_empty() {
        return Err(Refused::NotYourAgreement.into());
    }
    Ok(rules::in_force(&versions, now.day(), grace)?.clone())
}

/// A version with its story, for a page.
pub struct Told {
    /// The version.
    pub agreement: Agreement,
    /// Its department; none when it was closed.
    pub org: Option<Org>,
    /// What happened.
    pub steps: Vec<Step>,
    /// Digest of the assessment.
    pub assessment: Option<[u8; 32]>,
}

/// One version for a reader; departments see their own only.
///
/// # Errors
/// No such version for this reader.
pub async fn told(app: &App, actor: &Actor, version: Id) -> Result<Told, Problem> {
    let own = own_org(actor);
    app.db
        .read(move |tx| {
            let agreement = store::version(tx, version)?.ok_or_else(Problem::not_found)?;
            if own.is_some_and(|org| org != agreement.org) {
                return Err(Problem::not_found());
            }
            let org = org::all(tx)?.into_iter().find(|org| org.id == agreement.org);
            let steps = store::steps(tx, version)?;
            let assessment = store::assessment(tx, version)?.map(|(digest, _)| digest);
            Ok(Told { agreement, org, steps, assessment })
        })
        .await
}

/// `Some` for departments, whose sight ends at their own.
pub(crate) fn own_org(actor: &Actor) -> Option<Id> {
    (actor.role == Role::DepartmentOfficer).then(|| actor.org.unwrap_or(Id(-1)))
}

/// Versions with the names of their departments, for a list.
///
/// # Errors
/// The database's word.
pub async fn list(app: &App, org: Option<Id>) -> Result<Vec<(Agreement, Option<Org>)>, Problem> {
    app.db
        .read(move |tx| {
            let orgs = org::all(tx)?;
            let named = |one: Agreement| {
                let org = orgs.iter().find(|org| org.id == one.org).cloned();
                (one, org)
            };
            Ok(store::all(tx, org)?.into_iter().map(named).collect())
        })
        .await
}

/// The public register: what is or was in force.
///
/// # Errors
/// The database's word.
pub async fn register(app: &App) -> Result<Vec<(Agreement, Option<Org>)>, Problem> {
    let mut all = list(app, None).await?;
    all.retain(|(one, _)| one.second_by.is_some());
    Ok(all)
}
