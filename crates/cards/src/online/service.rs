//! Use cases: sent by a stranger, confirmed by his phone, decided by a clerk who saw the document.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use people::rules::Person;
use people::service::{Registration, fresh_ids, read_registration, register_in};

use super::rules::{CODE_S, MOST_CODES, MOST_TRIES, Refused, may_send};
use super::store::{self, Application, New};
use crate::production::service::progress::{ProgressStep, progress};
use crate::rules::Command;
use crate::service::{Hands, perform_in};

const PURPOSE: &str = "网上预申请 / application from the phone";

fn digest(app: &Platform, kind: &str, text: &str) -> Result<[u8; 32], Problem> {
    let message = format!("online:{kind}:{text}");
    let mac = app.keys.store().mac("digest", message.as_bytes());
    mac.map_err(|error| DbError::Unavailable(error.to_string()).into())
}

/// A reference is 16 letters and digits without those that are read as others.
fn new_reference() -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ0";
    random::<16>().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// Sends an application; a code goes to the phone. Returns the reference.
///
/// # Errors
/// Wrong fields, Art. 5, [`Refused::Child`], [`Refused::TooManyCodes`].
pub async fn send(app: &App, form: &Registration, outlet: Id) -> Result<String, Problem> {
    let now = Utc::now();
    let (id, entry_id, sms_id) = (app.id(), app.id(), app.id());
    let person = read_registration(form, id, now.day())?;
    may_send(&person, now.day())?;
    let outlets = crate::service::relatives::outlets(app).await?;
    if !outlets.iter().any(|(known, _)| *known == outlet) {
        let text = kernel::law::Text::new("请选择领卡网点", "Choose where to collect it");
        return Err(Problem::field("outlet", text));
    }
    let reference = new_reference();
    let code = format!("{:06}", u64::from_be_bytes(random::<8>()) % 1_000_000);
    let text = serde_json::to_vec(form).map_err(|e| DbError::Engine(e.to_string()))?;
    let sealed = app.keys.seal_field(&text, &id.0.to_be_bytes());
    let phone = digest(app, "phone", &person.phone)?;
    let who = digest(app, "who", person.number.as_str())?;
    let key = digest(app, "reference", &reference)?;
    let code_digest = digest(app, "code", &format!("{id}:{code}"))?;
    app.db
        .write(move |tx| {
            if store::codes_since(tx, &phone, now.plus_seconds(-86_400))? >= MOST_CODES {
                return Err(Refused::TooManyCodes.into());
            }
            let new = New {
                id,
                reference: &key,
                outlet,
                sealed: &sealed,
                phone: &phone,
                who: &who,
                code: &code_digest,
            };
            store::insert(tx, &new, now)?;
            let text = format!(
                "【一卡通】社会保障卡网上申领验证码 {code}，10 分钟内有效。如非本人操作请忽略。"
            );
            outbox::put_sms(tx, sms_id, now, &Sms { to: person.phone.clone(), text })?;
            record(tx, entry_id, &Actor::system(), "online.sent", id, now)
        })
        .await?;
    Ok(reference)
}

fn record(
    tx: &mut Tx<'_>,
    entry: Id,
    actor: &Actor,
    act: &'static str,
    id: Id,
    now: Utc,
) -> Result<(), Problem> {
    let entry = Entry::new(entry, now, actor, act, "Art. 12").on("online-application", id);
    Ok(journal::record(tx, &entry.why(PURPOSE, &[]))?)
}

/// Confirms with the code of the phone.
///
/// # Errors
/// [`Refused::WrongCode`], [`Refused::Waits`].
pub async fn confirm(app: &App, reference: &str, code: &str) -> Result<(), Problem> {
    let key = digest(app, "reference", &reference.trim().to_uppercase())?;
    let (shared, code, entry_id) = (app.clone(), code.trim().to_owned(), app.id());
    let right = app
        .db
        .write(move |tx| {
            let now = Utc::now();
            let mut one = store::by_reference(tx, &key)?.ok_or(Refused::Unknown)?;
            if one.state != "unconfirmed" {
                return Err(Refused::Decided.into());
            }
            let fresh = one.made_at.plus_seconds(CODE_S) >= now && one.tries < MOST_TRIES;
            let typed = digest(&shared, "code", &format!("{}:{code}", one.id))?;
            let right = fresh && seal::token::same(&typed, &one.code);
            let act = if right { "online.confirmed" } else { "online.wrong-code" };
            match right {
                true => one.state = "waiting".to_owned(),
                false => one.tries += 1,
            }
            store::save(tx, &one, now).map_err(|error| match error {
                DbError::Unique(_) => Problem::from(Refused::Waits),
                other => other.into(),
            })?;
            record(tx, entry_id, &Actor::system(), act, one.id, now)?;
            Ok::<bool, Problem>(right)
        })
        .await?;
    if right { Ok(()) } else { Err(Refused::WrongCode.into()) }
}

/// What the applicant sees of it.
#[derive(Clone, Debug)]
pub struct Status {
    /// State of the application.
    pub state: String,
    /// When it was sent.
    pub made_at: Utc,
    /// Outlet that was chosen.
    pub outlet: Id,
    /// Why it was refused.
    pub reason: String,
    /// The way of the card, once it is applied for.
    pub progress: Vec<ProgressStep>,
}

/// How an application stands.
///
/// # Errors
/// [`Refused::Unknown`].
pub async fn status(app: &App, reference: &str) -> Result<Status, Problem> {
    let key = digest(app, "reference", &reference.trim().to_uppercase())?;
    app.db
        .read(move |tx| {
            let one = store::by_reference(tx, &key)?.ok_or(Refused::Unknown)?;
            let progress = match one.person {
                Some(person) => progress(tx, person)?,
                None => Vec::new(),
            };
            let Application { state, made_at, outlet, reason, .. } = one;
            Ok(Status { state, made_at, outlet, reason, progress })
        })
        .await
}

/// An application as the clerk sees it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its id.
    pub id: Id,
    /// When it was sent.
    pub made_at: Utc,
    /// What was written.
    pub form: Registration,
}

fn open(app: &Platform, one: &Application) -> Option<Opened> {
    let text = app.keys.open_field(&one.sealed, &one.id.0.to_be_bytes())?;
    let form = serde_json::from_slice(&text).ok()?;
    Some(Opened { id: one.id, made_at: one.made_at, form })
}

/// Applications that wait at the clerk's outlet; that they were seen is journalled.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &App, clerk: &Actor) -> Result<Vec<Opened>, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let (shared, clerk, entry_id) = (app.clone(), clerk.clone(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let found = store::waiting(tx, outlet, 200)?;
            let opened = found.iter().filter_map(|one| open(&shared, one)).collect();
            let entry = Entry::new(entry_id, now, &clerk, "online.listed", "Art. 12");
            journal::record(tx, &entry.on("outlet", outlet).why(PURPOSE, &["name", "number"]))?;
            Ok::<_, Problem>(opened)
        })
        .await
}

/// The clerk saw the document and the person: registers him and applies for both cards, all or nothing.
///
/// # Errors
/// What registration and application refuse (Art. 5, 12); the application waits on then.
pub async fn accept(app: &App, clerk: &Actor, id: Id) -> Result<Person, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let (hands, fresh, person_id) = (Hands::new(app), fresh_ids(app), app.id());
    let (shared, clerk, entry_id, sms_id) = (app.clone(), clerk.clone(), app.id(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let mut one = of_outlet(tx, id, outlet)?;
            let form = open(&shared, &one).ok_or(Refused::Unknown)?.form;
            let person = read_registration(&form, person_id, now.day())?;
            let entry = Entry::new(hands.entry, now, &clerk, "person.registered", "Art. 12");
            let person = register_in(tx, &person, &entry, &fresh)?;
            let apply = Command::Apply { guardian: String::new() };
            perform_in(tx, &hands, &clerk, person.id, &apply, Some(outlet))?;
            one.state = "accepted".to_owned();
            one.person = Some(person.id);
            store::save(tx, &one, now)?;
            let text = "【一卡通】您的社会保障卡申请已受理，制卡和领卡进度可凭申请编号查询。";
            outbox::put_sms(tx, sms_id, now, &Sms { to: form.phone, text: text.to_owned() })?;
            record(tx, entry_id, &clerk, "online.accepted", id, now)?;
            Ok(person)
        })
        .await
}

fn of_outlet(tx: &mut Tx<'_>, id: Id, outlet: Id) -> Result<Application, Problem> {
    let one = store::by_id(tx, id)?.filter(|one| one.outlet == outlet).ok_or(Refused::Unknown)?;
    if one.state != "waiting" {
        return Err(Refused::Decided.into());
    }
    Ok(one)
}

/// The clerk refuses it, with a reason that the applicant is told.
///
/// # Errors
/// [`Refused::NoReason`], [`Refused::Decided`].
pub async fn refuse(app: &App, clerk: &Actor, id: Id, reason: &str) -> Result<(), Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let reason: String = reason.trim().chars().take(200).collect();
    if reason.is_empty() {
        return Err(Refused::NoReason.into());
    }
    let (shared, clerk, entry_id, sms_id) = (app.clone(), clerk.clone(), app.id(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let mut one = of_outlet(tx, id, outlet)?;
            let opened = open(&shared, &one);
            one.state = "refused".to_owned();
            one.reason = reason.clone();
            store::save(tx, &one, now)?;
            if let Some(opened) = opened {
                let text = format!("【一卡通】您的社会保障卡网上申请未受理：{reason}");
                outbox::put_sms(tx, sms_id, now, &Sms { to: opened.form.phone, text })?;
            }
            record(tx, entry_id, &clerk, "online.refused", id, now)
        })
        .await
}

/// Lapses and erases what waited too long.
///
/// # Errors
/// See [`Problem`].
pub async fn lapse(app: &App) -> Result<String, Problem> {
    app.db
        .housekeeping(|tx| {
            let now = Utc::now();
            let days = settings::get(tx, &super::KEPT_DAYS, now)?;
            let (hour, old) = (now.plus_seconds(-3_600), now.plus_seconds(-days * 86_400));
            let lapsed = store::lapse(tx, hour, old, now)?;
            Ok::<_, Problem>(format!("{lapsed} lapsed"))
        })
        .await
}
