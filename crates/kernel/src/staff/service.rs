//! Use cases: organisations, what is asked for accounts and decided, and the first sign-in.

use super::rules::{self, Refused};
use super::store::{self, Account, Request};
use crate::actor::{Actor, Role};
use crate::auth::{self, NewAccount};
use crate::db::{DbError, Tx};
use crate::id::Id;
use crate::journal::{self, Entry};
use crate::org::{self, Org};
use crate::platform::{App, Platform, random};
use crate::problem::Problem;
use crate::time::Utc;

/// A code to begin with is good for three days.
const INVITE_DAYS: i64 = 3;
/// Letters of a code that are not mistaken for others.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// An organisation as typed.
#[derive(Clone, Debug, Default)]
pub struct NewOrg {
    /// Chinese name.
    pub name_zh: String,
    /// English name; the Chinese one when it is empty.
    pub name_en: String,
    /// Code of its kind.
    pub kind: String,
    /// Division it serves.
    pub division: String,
    /// Unified social credit code, or nothing.
    pub credit_code: String,
}

/// Enters an organisation.
///
/// # Errors
/// [`Refused`], or the credit code is known.
pub async fn add_org(app: &Platform, actor: &Actor, new: &NewOrg) -> Result<Id, Problem> {
    let (id, now) = (app.id(), Utc::now());
    let (zh, en, code) = (new.name_zh.trim(), new.name_en.trim(), new.credit_code.trim());
    let en = if en.is_empty() { zh } else { en };
    if !rules::is_name(zh) || !rules::is_name(en) {
        return Err(Refused::Names.into());
    }
    if !rules::KINDS.iter().any(|(kind, ..)| *kind == new.kind) {
        return Err(Refused::Kind.into());
    }
    if !code.is_empty() && !rules::is_credit_code(code) {
        return Err(Refused::CreditCode.into());
    }
    let division = new.division.trim();
    if !rules::is_place(Role::Administrator, division, now.day()) {
        return Err(Refused::Division.into());
    }
    let org = Org {
        id,
        credit_code: (!code.is_empty()).then(|| code.to_owned()),
        name_zh: zh.to_owned(),
        name_en: en.to_owned(),
        kind: new.kind.clone(),
        division: division.to_owned(),
        parent: None,
    };
    let entry = Entry::new(app.id(), now, actor, "org.made", "Art. 9").on("org", id);
    let entry = entry.why(zh, &[]);
    app.db
        .write(move |tx| {
            org::add(tx, &org, now)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

/// Closes an organisation in which nobody works any more.
///
/// # Errors
/// [`Refused`].
pub async fn close_org(app: &Platform, actor: &Actor, id: Id, reason: &str) -> Result<(), Problem> {
    let reason = said(reason)?;
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "org.closed", "Art. 9").on("org", id);
    app.db
        .write(move |tx| {
            if store::in_org(tx, id)? > 0 {
                return Err(Refused::OrgInUse.into());
            }
            store::close_org(tx, id, now)?;
            Ok(journal::record(tx, &entry.clone().why(&reason, &[]))?)
        })
        .await
}

fn said(reason: &str) -> Result<String, Refused> {
    let reason: String = reason.trim().chars().take(200).collect();
    if reason.is_empty() { Err(Refused::NoReason) } else { Ok(reason) }
}

/// What an account is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Name at sign-in; only for an account that is to be made.
    pub login: String,
    /// Whose it is; only for an account that is to be made.
    pub name: String,
    /// Code of its role.
    pub role: String,
    /// Its organisation.
    pub org: Id,
    /// Its division.
    pub division: String,
    /// Why.
    pub reason: String,
}

/// Asks for a new account.
///
/// # Errors
/// [`Refused`].
pub async fn ask_new(app: &Platform, actor: &Actor, wanted: Wanted) -> Result<Id, Problem> {
    if !rules::is_login(wanted.login.trim()) {
        return Err(Refused::Login.into());
    }
    if !rules::is_name(&wanted.name) {
        return Err(Refused::Names.into());
    }
    let account = app.id();
    ask(app, actor, "make", account, move |tx| {
        if auth::account_called(tx, &wanted.login)?.is_some() {
            return Err(Refused::Login.into());
        }
        Ok(wanted.clone())
    })
    .await
}

/// Asks for another role, organisation or division of an account.
///
/// # Errors
/// [`Refused`].
pub async fn ask_change(
    app: &Platform,
    actor: &Actor,
    account: Id,
    wanted: Wanted,
) -> Result<Id, Problem> {
    ask(app, actor, "change", account, move |tx| {
        let known = store::one(tx, account)?.ok_or_else(Problem::not_found)?;
        keep_two(tx, &known, wanted.role == Role::Administrator.code())?;
        Ok(Wanted { login: known.login, name: known.name, ..wanted.clone() })
    })
    .await
}

/// Asks that somebody may set password and second factor anew.
///
/// # Errors
/// [`Refused`].
pub async fn ask_reset(
    app: &Platform,
    actor: &Actor,
    account: Id,
    reason: &str,
) -> Result<Id, Problem> {
    let reason = reason.to_owned();
    ask(app, actor, "reset", account, move |tx| {
        let known = store::one(tx, account)?.ok_or_else(Problem::not_found)?;
        Ok(Wanted {
            login: known.login,
            name: known.name,
            role: known.role.code().to_owned(),
            org: known.org.ok_or(Refused::NoOrg)?,
            division: known.division,
            reason: reason.clone(),
        })
    })
    .await
}

/// Two administrators must be left who can decide.
fn keep_two(tx: &mut Tx<'_>, known: &Account, stays: bool) -> Result<(), Problem> {
    let counts = known.role == Role::Administrator && known.ready && !stays;
    if counts && store::administrators(tx)? <= 2 {
        return Err(Refused::LastAdministrators.into());
    }
    Ok(())
}

async fn ask(
    app: &Platform,
    actor: &Actor,
    kind: &'static str,
    account: Id,
    wanted: impl Fn(&mut Tx<'_>) -> Result<Wanted, Problem> + Send + Sync + 'static,
) -> Result<Id, Problem> {
    if account == actor.account {
        return Err(Refused::OwnAccount.into());
    }
    let (id, now, maker) = (app.id(), Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, actor, "staff.asked", "Art. 9").on("account", account);
    app.db
        .write(move |tx| {
            let wanted = wanted(tx)?;
            let reason = said(&wanted.reason)?;
            let role = checked(tx, &wanted, now)?;
            let request = Request {
                id,
                kind: kind.to_owned(),
                account,
                login: wanted.login.trim().to_owned(),
                name: wanted.name.trim().to_owned(),
                role,
                org: wanted.org,
                division: wanted.division.trim().to_owned(),
                reason,
                made_by: maker.account,
                made_name: maker.name.clone(),
                made_at: now,
            };
            store::insert(tx, &request).map_err(|error| match error {
                DbError::Unique(_) => Refused::Waits.into(),
                other => Problem::from(other),
            })?;
            record(tx, &entry, &request)?;
            Ok(id)
        })
        .await
}

fn checked(tx: &mut Tx<'_>, wanted: &Wanted, now: Utc) -> Result<Role, Problem> {
    let role = wanted.role.parse::<Role>().map_err(|()| Refused::Role)?;
    let org = org::all(tx)?.into_iter().find(|org| org.id == wanted.org).ok_or(Refused::NoOrg)?;
    if !rules::fits(role, &org.kind) {
        return Err(Refused::Role.into());
    }
    match rules::is_place(role, wanted.division.trim(), now.day()) {
        true => Ok(role),
        false => Err(Refused::Division.into()),
    }
}

fn record(tx: &mut Tx<'_>, entry: &Entry, request: &Request) -> Result<(), Problem> {
    let mut entry = entry.clone().why(&request.reason, &[]);
    entry.detail = serde_json::json!({
        "kind": request.kind, "role": request.role.code(), "org": request.org.to_string(),
        "division": request.division, "request": request.id.to_string(),
    });
    Ok(journal::record(tx, &entry)?)
}

/// What a decision came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Name at sign-in.
    pub login: String,
    /// Code to begin with, shown once; none when none is needed.
    pub code: Option<String>,
}

/// Another administrator decides; what was asked for is done in the same transaction.
///
/// # Errors
/// [`Refused`].
pub async fn decide(app: &Platform, actor: &Actor, id: Id, yes: bool) -> Result<Decided, Problem> {
    let (now, checker) = (Utc::now(), actor.clone());
    let code: String =
        random::<10>().iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect();
    let act = if yes { "staff.decided" } else { "staff.sent-back" };
    let entry = Entry::new(app.id(), now, actor, act, "Art. 9");
    let decided = app
        .db
        .write(move |tx| {
            let open = store::open(tx)?;
            let request = open.into_iter().find(|one| one.id == id).ok_or(Refused::NotOpen)?;
            if request.made_by == checker.account {
                return Err(Refused::OwnWork.into());
            }
            if request.account == checker.account {
                return Err(Refused::OwnAccount.into());
            }
            let word = if yes { "yes" } else { "no" };
            store::decide(tx, id, word, Some(checker.account), now)?;
            record(tx, &entry.clone().on("account", request.account), &request)?;
            let code = match yes {
                true => carry_out(tx, &request, &code, now)?,
                false => None,
            };
            Ok::<_, Problem>(Decided { login: request.login, code })
        })
        .await?;
    app.sessions.forget_all();
    Ok(decided)
}

fn carry_out(
    tx: &mut Tx<'_>,
    request: &Request,
    code: &str,
    now: Utc,
) -> Result<Option<String>, Problem> {
    let account = request.account;
    // What was right when it was asked for may have ended since.
    let wanted = Wanted {
        login: request.login.clone(),
        name: request.name.clone(),
        role: request.role.code().to_owned(),
        org: request.org,
        division: request.division.clone(),
        reason: request.reason.clone(),
    };
    checked(tx, &wanted, now)?;
    match request.kind.as_str() {
        "make" => {
            let new = NewAccount {
                id: account,
                role: request.role,
                name: request.name.clone(),
                org: Some(request.org),
                division: request.division.clone(),
                person: None,
                phone: None,
            };
            if auth::account_called(tx, &request.login)?.is_some() {
                return Err(Refused::Login.into());
            }
            auth::create_account(tx, &new, now)?;
            auth::add_login(tx, account, &request.login)?;
        }
        "change" => {
            let known = store::one(tx, account)?.ok_or(Refused::NotOpen)?;
            keep_two(tx, &known, request.role == Role::Administrator)?;
            store::change(tx, account, request.role, request.org, &request.division)?;
            return Ok(None);
        }
        _ => {}
    }
    let until = Utc(now.0 + INVITE_DAYS * Utc::DAY);
    store::invite(tx, account, &digest(account, code), until)?;
    Ok(Some(code.to_owned()))
}

fn digest(account: Id, code: &str) -> [u8; 32] {
    seal::sm3::sm3(format!("invite {account} {code}").as_bytes())
}

/// Whoever asked takes it back.
///
/// # Errors
/// It is not his, or not open.
pub async fn withdraw(app: &Platform, actor: &Actor, id: Id) -> Result<(), Problem> {
    let (now, who) = (Utc::now(), actor.account);
    let entry = Entry::new(app.id(), now, actor, "staff.withdrawn", "Art. 9");
    app.db
        .write(move |tx| {
            let open = store::open(tx)?;
            let mine = open.into_iter().find(|one| one.id == id && one.made_by == who);
            let request = mine.ok_or(Refused::NotOpen)?;
            store::decide(tx, id, "withdrawn", None, now)?;
            record(tx, &entry.clone().on("account", request.account), &request)
        })
        .await
}

/// Closes an account at once: that takes power away, so one administrator may. Its name is free again.
///
/// # Errors
/// [`Refused`].
pub async fn close(app: &App, actor: &Actor, account: Id, reason: &str) -> Result<(), Problem> {
    if account == actor.account {
        return Err(Refused::OwnAccount.into());
    }
    let (now, reason) = (Utc::now(), said(reason)?);
    let entry = Entry::new(app.id(), now, actor, "staff.closed", "Art. 9").on("account", account);
    let entry = entry.why(&reason, &[]);
    app.db
        .write(move |tx| {
            let known = store::one(tx, account)?.ok_or_else(Problem::not_found)?;
            keep_two(tx, &known, false)?;
            let open = store::open(tx)?.into_iter().find(|one| one.account == account);
            if let Some(request) = open {
                store::decide(tx, request.id, "withdrawn", None, now)?;
            }
            auth::close_account(tx, account, now)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    app.sessions.forget_all();
    Ok(())
}

/// The owner of a code sets his password; the secret of his authenticator app is made and returned
/// once.
///
/// # Errors
/// [`Refused`]; guesses are slowed.
pub async fn enrol(
    app: &Platform,
    login: &str,
    code: &str,
    passwords: (&str, &str),
) -> Result<String, Problem> {
    let (password, again) = passwords;
    if password != again || !(12..=128).contains(&password.chars().count()) {
        return Err(Refused::Password.into());
    }
    let login: String = login.trim().chars().take(64).collect();
    let tried = format!("enrol:{}", hex::encode(app.keys.digest(login.to_uppercase().as_bytes())));
    auth::count_try(app, &tried).await?;
    let password = password.to_owned();
    let hash =
        tokio::task::spawn_blocking(move || seal::password::hash(&password, &random::<16>()));
    let hash = hash.await.map_err(|error| DbError::Engine(error.to_string()))?;
    let (secret, keys, now) = (random::<20>(), app.keys.clone(), Utc::now());
    let code = code.trim().to_ascii_uppercase();
    let entry_id = app.id();
    app.db
        .write(move |tx| {
            let account = auth::account_called(tx, &login)?.ok_or(Refused::Invite)?;
            let known = store::one(tx, account)?.ok_or(Refused::Invite)?;
            if !store::use_invite(tx, account, &digest(account, &code), now)? {
                return Err(Refused::Invite.into());
            }
            auth::set_password(tx, account, &hash)?;
            auth::set_totp_secret(tx, &keys, account, &secret)?;
            let who = Actor {
                account,
                name: known.name,
                role: known.role,
                org: known.org,
                division: known.division,
                person: None,
            };
            let entry = Entry::new(entry_id, now, &who, "staff.enrolled", "Art. 9");
            Ok::<_, Problem>(journal::record(tx, &entry.on("account", account))?)
        })
        .await?;
    auth::forget_tries(app, &tried).await?;
    Ok(seal::totp::secret_text(&secret))
}
