//! Sending somebody to his own region, hearing who he is, and answering for our own holders.

use std::time::Duration;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use seal::sm2::SignerId;
use serde::{Deserialize, Serialize};
use signin::service::{self as provider, List};
use signin::store::{Client, Request};
use signin::visitor::{self, Visitor};

use super::rules::{self, ANSWER_S, ASK, Ask, CODE_S, FETCH, Fetch, TOLD, Told};
use super::store::{self, Proved, UnderWay};
use crate::recognition::service::PATIENCE;
use crate::rules::{Descriptor, Refused, Signed};
use crate::service::{call_json, note, sign_now};
use crate::store as regions;

/// Address of this region's pages, as the other one knows it.
fn endpoint(app: &App) -> Result<String, Problem> {
    Ok(crate::service::trust::own(app)?.endpoint)
}

fn sign(app: &App, role: SignerId, said: &impl Serialize) -> Result<Signed, Problem> {
    let text = serde_json::to_string(said).map_err(|error| DbError::Engine(error.to_string()))?;
    sign_now(app, role, text)
}

async fn trusted(app: &App, region: &str) -> Result<Descriptor, Problem> {
    let region = region.to_owned();
    let found = app.db.read(move |tx| regions::trusted(tx, &region)).await?;
    Ok(found.ok_or(Refused::Unlisted)?.said)
}

/// Sends the person of a request to the region that issued his card: where to, and the id that his browser
/// keeps.
///
/// # Errors
/// The region is not trusted, the item is not on the joint list, or the request has ended.
pub async fn send(
    app: &App,
    list: &List,
    region: &str,
    request: &str,
) -> Result<(String, String), Problem> {
    let (request, client) = provider::waiting(app, request).await?;
    let home = trusted(app, region).await?;
    let item = visitor::joint(list, &client)?;
    let now = Utc::now();
    let ask = Ask {
        id: hex::encode(random::<16>()),
        from: app.config.region.clone(),
        to: region.to_owned(),
        at: now.seconds(),
        item: item.code.clone(),
        service: client.name.clone(),
        sector: client.sector.clone(),
        level: signin::rules::needs(item.level, &request.asked)?,
        since: since(&request, now),
        back: format!("{}/regions/sign-in/back", endpoint(app)?),
    };
    let signed = sign(app, ASK, &ask)?;
    let query = serde_urlencoded::to_string([
        ("text", signed.text.as_str()),
        ("signature", signed.signature.as_str()),
    ]);
    let to = format!("{}/regions/sign-in?{}", home.endpoint, query.unwrap_or_default());
    let id = ask.id.clone();
    let new = UnderWay { region: region.to_owned(), way: "out", ask, request: request.id };
    let until = now.plus_seconds(ANSWER_S);
    app.db.housekeeping(move |tx| store::insert(tx, &new, until)).await?;
    Ok((to, id))
}

/// Since when the service wants the sign-in to be.
fn since(request: &Request, now: Utc) -> i64 {
    let fresh = request.asked.prompt.split_whitespace().any(|prompt| prompt == "login");
    let aged = request.asked.max_age.parse::<i64>().map_or(0, |most| now.seconds() - most.max(1));
    if fresh { aged.max(request.made_at.seconds()) } else { aged }
}

/// What a browser carries to the home region.
#[derive(Clone, Debug, Deserialize)]
pub struct Carried {
    /// JSON.
    pub text: String,
    /// r ‖ s.
    pub signature: String,
}

/// Keeps the question of a trusted region, once; its id.
///
/// # Errors
/// [`Refused`], which is alarmed where it should be.
pub async fn carried(app: &App, carried: Carried) -> Result<String, Problem> {
    let signed = Signed { text: carried.text, signature: carried.signature, before: None };
    let (own, now) = (app.config.region.clone(), Utc::now());
    let take = move |tx: &mut Tx<'_>| {
        let opened =
            opened(tx, &signed, |sender| rules::open_ask(&signed, sender, &own, now.seconds()))?;
        let (region, ask) = match opened {
            Ok(opened) => opened,
            Err(refused) => return Ok(Err(refused)),
        };
        let id = ask.id.clone();
        let new = UnderWay { region: region.clone(), way: "in", ask, request: String::new() };
        match store::insert(tx, &new, now.plus_seconds(ANSWER_S))? {
            true => Ok(Ok(id)),
            false => Ok(Err((region, Refused::Reused))),
        }
    };
    let taken = app.db.housekeeping::<Believed<String>, DbError>(take).await?;
    believed(app, taken).await
}

/// What is believed, or the region and why not.
type Believed<T> = Result<T, (String, Refused)>;

/// Reads something signed of the region that it says it is of.
fn opened<T>(
    tx: &mut Tx<'_>,
    signed: &Signed,
    open: impl FnOnce(&Descriptor) -> Result<T, Refused>,
) -> Result<Believed<(String, T)>, DbError> {
    #[derive(Deserialize)]
    struct From {
        from: String,
    }
    if let Err(refused) = signed.plain() {
        return Ok(Err((String::new(), refused)));
    }
    let Ok(From { from }) = serde_json::from_str(&signed.text) else {
        return Ok(Err((String::new(), Refused::Unreadable)));
    };
    let Some(sender) = regions::trusted(tx, &from)? else {
        return Ok(Err((String::new(), Refused::Unlisted)));
    };
    Ok(open(&sender.said).map(|read| (from.clone(), read)).map_err(|refused| (from, refused)))
}

async fn believed<T>(app: &App, taken: Believed<T>) -> Result<T, Problem> {
    match taken {
        Ok(taken) => Ok(taken),
        Err((region, refused)) => {
            if refused.alarms() {
                note(app, region, refused).await?;
            }
            Err(refused.into())
        }
    }
}

/// A question that waits for one of our holders, with the name of the region that asks.
///
/// # Errors
/// It has ended, or the region is not trusted any more.
pub async fn asked(app: &App, id: &str) -> Result<(Ask, String), Problem> {
    let (id, now) = (id.to_owned(), Utc::now());
    let read = move |tx: &mut Tx<'_>| {
        let found = store::asked(tx, &id, now)?.ok_or(signin::rules::Refused::Over)?;
        let known = regions::trusted(tx, &found.region)?.ok_or(Refused::Unlisted)?;
        Ok::<_, Problem>((found.ask, known.said.name))
    };
    app.db.read(read).await
}

/// The item of a question, when it is on the joint list here too.
///
/// # Errors
/// It is not (Art. 14).
pub fn item(list: &List, code: &str) -> Result<std::sync::Arc<items::rules::Item>, Problem> {
    let found = list.0.get(code, Utc::now().day()).ok_or(signin::rules::Refused::ItemGone)?;
    codes::rules::check_joint(&found)?;
    Ok(found)
}

/// The level that a holder must prove: what is asked for, or what the item needs here.
///
/// # Errors
/// The item asks for the card itself.
pub fn level(item: &items::rules::Item, ask: &Ask) -> Result<i64, Problem> {
    let needed = signin::rules::needs(item.level, &signin::rules::Asked::default())?;
    Ok(needed.max(ask.level))
}

/// Our holder agrees: the address to go back to. On record, so that he sees it (Art. 7, 19).
///
/// # Errors
/// His card is not in order, the item is not joint, or the question has ended.
pub async fn agree(
    app: &App,
    list: &List,
    holder: &Actor,
    id: &str,
    (auth_time, level): (i64, i64),
) -> Result<String, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let (ask, region) = asked(app, id).await?;
    let found = item(list, &ask.item)?;
    let now = Utc::now();
    let code = seal::token::from_random(&random::<32>());
    let to = back(&ask, &[("id", &ask.id), ("code", &code)]);
    let digest = seal::token::digest(&code);
    let mut entry = Entry::new(app.id(), now, holder, "signin.agreed", "Art. 7")
        .about(person)
        .on("region-sign-in", &ask.id)
        .why(format!("在{region}用社保卡登录 {}", ask.service), &[]);
    entry.item = format!("{} v{}", found.code, found.version);
    app.db
        .write(move |tx| {
            provider::may_sign_in(tx, person, &found.code, now)?;
            let proved = Proved { person, level, auth_time };
            if !store::agree(tx, &ask.id, &digest, proved, now.plus_seconds(CODE_S))? {
                return Err(signin::rules::Refused::Over.into());
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(to)
}

/// Our holder does not agree: the address to go back to.
///
/// # Errors
/// The question has ended.
pub async fn deny(app: &App, id: &str) -> Result<String, Problem> {
    let (ask, _) = asked(app, id).await?;
    let key = id.to_owned();
    app.db.housekeeping::<(), DbError>(move |tx| store::forget_one(tx, &key)).await?;
    Ok(back(&ask, &[("id", &ask.id), ("error", "access_denied")]))
}

fn back(ask: &Ask, answers: &[(&str, &str)]) -> String {
    signin::rules::redirect(&ask.back, answers)
}

/// Answers a trusted region for what one of our holders agreed to, once: who he is at services of that
/// sector, and the item's fields. In the journal, and before his eyes, before the answer leaves.
///
/// # Errors
/// [`Refused`], which is alarmed where it should be; or the platform is busy.
pub async fn answer(app: &App, list: &List, signed: Signed) -> Result<Signed, Problem> {
    let (own, now) = (app.config.region.clone(), Utc::now());
    let read = move |tx: &mut Tx<'_>| {
        opened(tx, &signed, |sender| {
            let fetch = rules::open_fetch(&signed, sender, &own, now.seconds())?;
            Ok((fetch, sender.name.clone()))
        })
    };
    let taken = app.db.read::<_, DbError>(read).await?;
    let (region, (fetch, name)) = believed(app, taken).await?;
    let (shared, list) = (app.clone(), list.clone());
    let told = app.db.write(move |tx| told(tx, &shared, &list, (&region, &name), &fetch, now));
    sign(app, TOLD, &told.await?)
}

fn told(
    tx: &mut Tx<'_>,
    app: &App,
    list: &List,
    (region, name): (&str, &str),
    fetch: &Fetch,
    now: Utc,
) -> Result<Told, Problem> {
    let digest = seal::token::digest(&fetch.code);
    let found = store::take_agreed(tx, (region, &fetch.id), &digest, now)?;
    let mut told = Told {
        id: fetch.id.clone(),
        from: app.config.region.clone(),
        at: now.seconds(),
        result: "ok".to_owned(),
        subject: String::new(),
        level: 0,
        auth_time: 0,
        fields: Vec::new(),
    };
    let actor =
        Actor { account: Id(0), name: name.to_owned(), role: Role::Terminal, ..Actor::system() };
    let mut entry = Entry::new(app.id(), now, &actor, "signin.abroad", "Art. 18")
        .on("region-sign-in", &fetch.id);
    entry.detail = serde_json::json!({"region": region, "journal": fetch.journal});
    let Some((under_way, proved)) = found else {
        told.result = signin::rules::Refused::Over.code().to_owned();
        entry.result.clone_from(&told.result);
        journal::record(tx, &entry)?;
        return Ok(told);
    };
    let ask = under_way.ask;
    entry.subject = Some(proved.person);
    entry.purpose = format!("在{name}用社保卡登录 {}", ask.service);
    // Between the yes and now the card may have been lost, frozen or the item withdrawn.
    let still = provider::may_sign_in(tx, proved.person, &ask.item, now)
        .and_then(|()| item(list, &ask.item));
    match still {
        Err(problem) if problem.status < 500 => {
            told.result = problem.code.to_owned();
            entry.item.clone_from(&ask.item);
        }
        Err(problem) => return Err(problem),
        Ok(item) => {
            let person = people::store::by_id(tx, proved.person)?;
            let person = person.ok_or_else(Problem::not_found)?;
            let disclosed = codes::rules::disclose(&item, &person, now.day());
            entry.fields = disclosed.iter().map(|(field, _)| field.code()).collect();
            entry.item = format!("{} v{}", item.code, item.version);
            let pairs = disclosed.into_iter();
            told.fields = pairs.map(|(field, value)| (field.code().to_owned(), value)).collect();
            let sector = format!("region {region} {}", ask.sector);
            told.subject = provider::subject(app, &sector, proved.person)?;
            (told.level, told.auth_time) = (proved.level, proved.auth_time);
        }
    }
    entry.result.clone_from(&told.result);
    journal::record(tx, &entry)?;
    Ok(told)
}

/// What a browser brings back from the home region.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Back {
    /// Of the question.
    pub id: String,
    /// To be changed for who he is.
    pub code: String,
    /// `access_denied`.
    pub error: String,
}

/// Somebody comes back: asks his region who he is, and lets him in; the service's address to go to.
///
/// # Errors
/// The way has ended, his region does not answer or is not believed, or it says no.
pub async fn returned(app: &App, list: &List, came: Back) -> Result<String, Problem> {
    let (id, now) = (came.id.clone(), Utc::now());
    let found = app.db.housekeeping::<_, DbError>(move |tx| store::take_out(tx, &id, now)).await?;
    let found = found.ok_or(signin::rules::Refused::Over)?;
    let (request, client) = provider::waiting(app, &found.request).await?;
    if came.code.is_empty() {
        return Ok(refused(app, &request));
    }
    let home = trusted(app, &found.region).await?;
    let told = fetch(app, &home, &found.ask, came.code).await?;
    if told.result != "ok" {
        return Err(no(&told.result));
    }
    let guest = guest(list, &client, &found.region, &told)?;
    visitor::visit(app, list, &request, guest, (told.auth_time, told.level)).await
}

/// The service is told that the person did not agree.
fn refused(app: &App, request: &Request) -> String {
    let issuer = provider::issuer(app);
    let answers = [("error", "access_denied"), ("state", &request.asked.state), ("iss", &issuer)];
    signin::rules::redirect(&request.asked.redirect_uri, &answers)
}

/// A refusal of the home region in this platform's words; a word that is not known here is a no as well.
fn no(code: &str) -> Problem {
    let known = signin::rules::Refused::ALL.into_iter().find(|refused| refused.code() == code);
    match known {
        Some(refused) => refused.into(),
        None => codes::rules::Refused::from_code(code)
            .unwrap_or(codes::rules::Refused::HomeSilent)
            .into(),
    }
}

/// What goes on to the service: the fields of the item as it stands *here*, and no others.
fn guest(list: &List, client: &Client, region: &str, told: &Told) -> Result<Visitor, Problem> {
    let item = visitor::joint(list, client)?;
    let listed = |code: &str| item.fields.iter().any(|field| field.code() == code);
    let fields = told.fields.iter().filter(|(code, _)| listed(code)).cloned().collect();
    Ok(Visitor { region: region.to_owned(), subject: told.subject.clone(), fields })
}

async fn fetch(app: &App, home: &Descriptor, ask: &Ask, code: String) -> Result<Told, Problem> {
    let entry_id = app.id();
    let question = Fetch {
        id: ask.id.clone(),
        from: app.config.region.clone(),
        to: home.region.clone(),
        at: Utc::now().seconds(),
        code,
        journal: entry_id.to_string(),
    };
    let mut entry = Entry::new(entry_id, Utc::now(), &Actor::system(), "signin.fetched", "Art. 18")
        .on("region-sign-in", &ask.id)
        .why(format!("异地持卡人登录 {}", ask.service), &[]);
    entry.item.clone_from(&ask.item);
    entry.detail = serde_json::json!({"region": home.region});
    let write = move |tx: &mut Tx<'_>| {
        journal::record(tx, &entry)?;
        Ok::<_, Problem>(settings::get(tx, &PATIENCE, Utc::now())?)
    };
    let patience = Duration::from_millis(app.db.write(write).await?.unsigned_abs());
    let body = regions::signed_text(&sign(app, FETCH, &question)?);
    let url = format!("{}/regions/v1/sign-in", home.endpoint);
    let call = tokio::task::spawn_blocking(move || call_json::<Signed>(&url, &body, patience));
    let silent = || Problem::from(codes::rules::Refused::HomeSilent);
    let answer = call.await.ok().flatten().ok_or_else(silent)?;
    match rules::open_told(&answer, home, ask, Utc::now().seconds()) {
        Ok(told) => Ok(told),
        Err(refused) => {
            note(app, home.region.clone(), refused).await?;
            Err(silent())
        }
    }
}

/// Forgets ways that ended.
///
/// # Errors
/// Of the database only.
pub async fn forget(app: &App) -> Result<(), Problem> {
    let before = Utc::now().plus_seconds(-3_600);
    let gone = app.db.housekeeping::<_, DbError>(move |tx| store::forget(tx, before)).await?;
    tracing::debug!(gone, "sign-ins across regions forgotten");
    Ok(())
}
