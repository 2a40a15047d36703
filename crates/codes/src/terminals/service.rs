//! Use cases of the registry: enrolment, renewal, heartbeat, blocking, alarms.

use kernel::actor::{Actor, Role};
use kernel::auth;
use kernel::db::DbError;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use seal::sm2::{SignerId, VerifyingKey};

use super::rules::{Refused, enrol_code, enrol_digest, sickness};
use super::store::{self, Alarm, Beat, Registered};
use super::{ENROL_HOURS, SILENT_MINUTES, TOKEN_DAYS};
use crate::service::{NewTerminal, register_terminal};

/// Seconds that the time of a proof may be off.
const PROOF_S: i64 = 120;

/// Whose terminals somebody sees: his organisation's, or all.
fn scope(actor: &Actor) -> Result<Option<Id>, Problem> {
    match actor.role {
        Role::MunicipalOfficer | Role::MunicipalApprover => Ok(None),
        _ => actor.org.map(Some).ok_or_else(Problem::forbidden),
    }
}

/// Registers a terminal and makes its enrolment code, which is shown once.
///
/// # Errors
/// See [`Problem`].
pub async fn register(
    app: &App,
    actor: &Actor,
    new: NewTerminal,
    operator: &str,
) -> Result<(Id, String), Problem> {
    let (id, _) = register_terminal(app, actor, new).await?;
    Ok((id, new_code(app, actor, id, operator).await?))
}

/// Makes another enrolment code, for a terminal that was replaced or set up anew.
///
/// # Errors
/// [`Refused::Unknown`].
pub async fn new_code(app: &App, actor: &Actor, id: Id, operator: &str) -> Result<String, Problem> {
    let (scope, code) = (scope(actor)?, enrol_code(random::<16>()));
    let digest = enrol_digest(&code);
    let operator: String = operator.trim().chars().take(60).collect();
    let entry = Entry::new(app.id(), Utc::now(), actor, "terminal.code-made", "Art. 15");
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let found = store::one(tx, id)?.filter(|t| scope.is_none_or(|org| t.org == org));
            found.ok_or(Refused::Unknown)?;
            let until = now.plus_seconds(settings::get(tx, &ENROL_HOURS, now)? * 3_600);
            store::set_enrol(tx, id, &operator, &digest, until)?;
            let entry = entry.clone().on("terminal", id);
            Ok::<_, Problem>(journal::record(tx, &entry.why("生成终端注册码", &[]))?)
        })
        .await?;
    Ok(code)
}

/// A terminal that has just enrolled.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// Its id.
    pub id: Id,
    /// Its token.
    pub token: String,
    /// Until when that is good.
    pub until: Utc,
    /// Where it stands.
    pub place: String,
}

/// A terminal enrols with its code and its public key.
///
/// # Errors
/// [`Refused::EnrolCode`], [`Refused::Key`].
pub async fn enrol(app: &App, code: &str, key: &[u8], firmware: &str) -> Result<Enrolled, Problem> {
    VerifyingKey::from_bytes(key, SignerId::TERMINAL).map_err(|_| Refused::Key)?;
    let (digest, key) = (enrol_digest(code), key.to_vec());
    let firmware: String = firmware.chars().take(40).collect();
    let entry_id = app.id();
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let until = now.plus_seconds(settings::get(tx, &TOKEN_DAYS, now)? * 86_400);
            let found = store::enrol(tx, &digest, &key, &firmware, until, now)?;
            let found = found.ok_or(Refused::EnrolCode)?;
            let token = auth::replace_tokens(tx, found.id, Role::Terminal, until, now)?;
            let actor = Actor { account: found.id, role: Role::Terminal, ..Actor::system() };
            let entry = Entry::new(entry_id, now, &actor, "terminal.enrolled", "Art. 15");
            journal::record(tx, &entry.on("terminal", found.id).why("终端注册", &[]))?;
            Ok(Enrolled { id: found.id, token, until, place: found.place })
        })
        .await
}

/// A terminal proves its key and gets a new token.
///
/// # Errors
/// [`Refused::Proof`], [`Refused::Blocked`].
pub async fn renew(
    app: &App,
    terminal: &Actor,
    at_s: i64,
    signature: &[u8],
) -> Result<(String, Utc), Problem> {
    let (id, entry_id) = (terminal.account, app.id());
    let signature: [u8; 64] = signature.try_into().map_err(|_| Refused::Proof)?;
    let actor = terminal.clone();
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let found = store::one(tx, id)?.ok_or(Refused::Unknown)?;
            if found.blocked {
                return Err(Refused::Blocked.into());
            }
            let key = found.key.ok_or(Refused::Proof)?;
            let key =
                VerifyingKey::from_bytes(&key, SignerId::TERMINAL).map_err(|_| Refused::Proof)?;
            let said = format!("renew {id} {at_s}");
            let fresh = (now.seconds() - at_s).abs() <= PROOF_S;
            if !fresh || !key.verifies(said.as_bytes(), &signature) {
                return Err(Refused::Proof.into());
            }
            let until = now.plus_seconds(settings::get(tx, &TOKEN_DAYS, now)? * 86_400);
            store::set_token_until(tx, id, until)?;
            let token = auth::replace_tokens(tx, id, Role::Terminal, until, now)?;
            let entry = Entry::new(entry_id, now, &actor, "terminal.renewed", "Art. 15");
            journal::record(tx, &entry.on("terminal", id).why("更新终端令牌", &[]))?;
            Ok((token, until))
        })
        .await
}

/// A terminal says how it is; it is told whether it may work.
///
/// # Errors
/// [`Refused::Unknown`].
pub async fn beat(app: &App, terminal: &Actor, beat: Beat) -> Result<bool, Problem> {
    let id = terminal.account;
    app.db
        .housekeeping(move |tx| {
            let found = store::one(tx, id)?.ok_or(Refused::Unknown)?;
            store::beat(tx, id, &beat, Utc::now())?;
            Ok::<_, Problem>(found.blocked)
        })
        .await
}

/// The terminal behind an actor, when it may work.
///
/// # Errors
/// [`Refused::Unknown`], [`Refused::Blocked`].
pub async fn working(app: &App, terminal: &Actor) -> Result<Registered, Problem> {
    let id = terminal.account;
    let found = app.db.read(move |tx| Ok::<_, Problem>(store::one(tx, id)?)).await?;
    let found = found.ok_or(Refused::Unknown)?;
    if found.blocked { Err(Refused::Blocked.into()) } else { Ok(found) }
}

/// Blocks a terminal at once, or lets it work again. Online it is refused from the next question on.
///
/// # Errors
/// [`Refused::Unknown`], [`Refused::NoReason`].
pub async fn set_blocked(
    app: &App,
    actor: &Actor,
    id: Id,
    blocked: bool,
    why: &str,
) -> Result<(), Problem> {
    let why: String = why.trim().chars().take(200).collect();
    if why.is_empty() {
        return Err(Refused::NoReason.into());
    }
    let scope = scope(actor)?;
    let act = if blocked { "terminal.blocked" } else { "terminal.unblocked" };
    let entry = Entry::new(app.id(), Utc::now(), actor, act, "Art. 15");
    app.db
        .write(move |tx| {
            let found = store::one(tx, id)?.filter(|t| scope.is_none_or(|org| t.org == org));
            found.ok_or(Refused::Unknown)?;
            store::set_blocked(tx, id, blocked, &why)?;
            let entry = entry.clone().on("terminal", id);
            Ok(journal::record(tx, &entry.why(&why, &[]))?)
        })
        .await
}

/// A terminal with what is wrong with it, and how old its status list is.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The terminal.
    pub terminal: Registered,
    /// What is wrong; empty when it is well.
    pub sick: Vec<Text>,
    /// Age of its status list in seconds, since its last heartbeat.
    pub list_age_s: Option<i64>,
}

/// The terminals that somebody may see, and the open alarms.
///
/// # Errors
/// See [`Problem`].
pub async fn look(app: &App, actor: &Actor) -> Result<(Vec<Looked>, Vec<Alarm>), Problem> {
    let scope = scope(actor)?;
    app.db
        .read(move |tx| {
            let now = Utc::now();
            let silent = settings::get(tx, &SILENT_MINUTES, now)?;
            let looked = |terminal: Registered| {
                let age = terminal.seen_at.map(|at| at.seconds() - terminal.status_issued_at);
                let age = age.filter(|_| terminal.status_issued_at > 0);
                let (seen, skew) = (terminal.seen_at, terminal.skew_s);
                let enrolled = if terminal.key.is_some() { seen } else { None };
                let sick =
                    sickness(enrolled, skew, age.unwrap_or(0), &terminal.faults, silent, now);
                Looked { terminal, sick, list_age_s: age }
            };
            let terminals = store::list(tx, scope, 2_000)?.into_iter().map(looked).collect();
            Ok::<_, Problem>((terminals, store::alarms(tx, scope, 200)?))
        })
        .await
}

/// Closes an alarm with what was found out.
///
/// # Errors
/// [`Refused::NoReason`]; it is closed already.
pub async fn close_alarm(app: &App, actor: &Actor, id: Id, note: &str) -> Result<(), Problem> {
    let note: String = note.trim().chars().take(500).collect();
    if note.is_empty() {
        return Err(Refused::NoReason.into());
    }
    let (scope, actor) = (scope(actor)?, actor.clone());
    let entry = Entry::new(app.id(), Utc::now(), &actor, "terminal.alarm-closed", "Art. 20");
    app.db
        .write(move |tx| {
            let open = store::alarms(tx, scope, 10_000)?;
            if !open.iter().any(|alarm| alarm.id == id) {
                return Err(Refused::Unknown.into());
            }
            store::close_alarm(tx, id, &actor.name, &note, Utc::now()).map_err(|e| match e {
                DbError::Conflict => Problem::from(Refused::Unknown),
                other => other.into(),
            })?;
            let entry = entry.clone().on("terminal-alarm", id);
            Ok(journal::record(tx, &entry.why(&note, &[]))?)
        })
        .await
}
