//! A terminal asks a wallet for the claims of an item (OpenID4VP 1.0), and we judge what is shown: the
//! signature, the wallet's key, the card of this moment, and that the register still says the same.

use codes::rules::{Proof, Shown as Way, admits, check_freezes, check_group};
use items::rules::Item;
use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::field::Field;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rules::{self, CREDENTIAL_DAYS, Expected, REQUEST_S, Shown};
use super::store::{self, Credential, Request};
use crate::jose::Named;
use crate::rules::{Refused, claim};
use crate::service::{self, List};
use crate::{keys, store as signin};

/// A question to a wallet.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its id, to look for the answer.
    pub id: String,
    /// For the QR code.
    pub uri: String,
}

fn response_uri(app: &App, id: &str) -> String {
    format!("{}/wallet/response/{id}", service::issuer(app))
}

fn audience(app: &App, id: &str) -> String {
    format!("redirect_uri:{}", response_uri(app, id))
}

/// Makes a question for an item that the terminal may ask for.
///
/// # Errors
/// The terminal may not, or the item asks for more than a code.
pub async fn ask(app: &App, list: &List, terminal: &Actor, item: &str) -> Result<Asked, Problem> {
    let now = Utc::now();
    let found = list.0.get(item, now.day());
    let id = seal::token::from_random(&random::<32>());
    let nonce = seal::token::from_random(&random::<32>());
    let asked = Request {
        id: id.clone(),
        terminal: terminal.account,
        item: item.chars().take(40).collect(),
        nonce: nonce.clone(),
        state: String::new(),
        answer: None,
    };
    let (account, for_write) = (terminal.account, found.clone());
    app.db
        .housekeeping(move |tx| {
            let known = codes::store::terminals(tx, &[account])?.remove(&account);
            let way = Way { way: items::rules::Way::Code, proof: Proof::Code };
            admits(known.as_ref(), for_write.as_deref(), way)?;
            Ok::<_, Problem>(store::ask(tx, &asked, now.plus_seconds(REQUEST_S))?)
        })
        .await?;
    let item = found.ok_or(Refused::ItemGone)?;
    let claims: Vec<_> = item.fields.iter().map(|field| json!({"path": [claim(*field)]})).collect();
    let mut query = json!({"id": "card", "format": "dc+sd-jwt",
        "meta": {"vct_values": [rules::vct(&service::issuer(app))]}});
    if !claims.is_empty() {
        query["claims"] = json!(claims);
    }
    let client = audience(app, &id);
    let answers = response_uri(app, &id);
    let query = json!({"credentials": [query]}).to_string();
    let pairs = [
        ("client_id", client.as_str()),
        ("response_type", "vp_token"),
        ("response_mode", "direct_post"),
        ("response_uri", &answers),
        ("nonce", &nonce),
        ("state", &id),
        ("dcql_query", &query),
    ];
    let uri = format!("openid4vp://?{}", serde_urlencoded::to_string(pairs).unwrap_or_default());
    Ok(Asked { id, uri })
}

/// What a terminal is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Code of the refusal; empty after a yes.
    pub why: String,
    /// Codes of the item's fields and their values.
    pub fields: Vec<(String, String)>,
}

const ANSWER: &[u8] = b"wallet answer";

/// What became of a question of this terminal: nothing yet, or the answer.
///
/// # Errors
/// It has no such question.
pub async fn told(app: &App, terminal: &Actor, id: &str) -> Result<Option<Told>, Problem> {
    let (id, now) = (id.to_owned(), Utc::now());
    let request = app.db.read(move |tx| store::request(tx, &id, now)).await?;
    let request = request.filter(|request| request.terminal == terminal.account);
    let request = request.ok_or_else(Problem::not_found)?;
    let Some(sealed) = request.answer else { return Ok(None) };
    let plain = app.keys.open_field(&sealed, ANSWER);
    let told = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    told.map(Some).ok_or_else(|| DbError::Unavailable("a sealed field".to_owned()).into())
}

/// The keys that credentials which are still good were signed with.
///
/// # Errors
/// The database's word.
pub async fn issuer_keys(app: &App) -> Result<Vec<signin::Key>, Problem> {
    let since = Utc::now().plus_seconds(-CREDENTIAL_DAYS * 86_400);
    let mut all = app.db.read(move |tx| signin::keys(tx, since)).await?;
    all.retain(|key| key.alg == crate::jose::Alg::Es256);
    Ok(all)
}

/// Judges what a wallet sent, once, durably and on record; `vp` is none when it said no.
///
/// # Errors
/// There is no such question, or it was answered.
pub async fn answer(app: &App, list: &List, id: &str, vp: Option<&str>) -> Result<(), Problem> {
    let keys: Vec<Named> = issuer_keys(app)
        .await?
        .into_iter()
        .map(|key| Named {
            kid: Some(key.kid.clone()),
            alg: None,
            key: keys::public(key.alg, &key.public),
        })
        .collect();
    let (id, vp, now) = (id.to_owned(), vp.map(str::to_owned), Utc::now());
    let (app, list) = (app.clone(), list.clone());
    let db = app.db.clone();
    db.write(move |tx| {
        let request = store::request(tx, &id, now)?.filter(|one| one.state == "waiting");
        let request = request.ok_or(Refused::Over)?;
        let item = list.0.get(&request.item, now.day()).ok_or(Refused::ItemGone)?;
        let names: Vec<&'static str> = item.fields.iter().map(|field| claim(*field)).collect();
        let (issuer, audience) = (service::issuer(&app), audience(&app, &id));
        let expected = Expected {
            issuer: &issuer,
            keys: &keys,
            nonce: &request.nonce,
            audience: &audience,
            claims: &names,
        };
        let shown = match &vp {
            Some(vp) => rules::judge(vp, &expected, now.seconds()),
            None => Err("the wallet said no"),
        };
        let (person, result) = match shown {
            Ok(shown) => holder(tx, &shown, &item, now)?,
            Err(why) => {
                tracing::info!(why, "a presentation of a wallet is not believed");
                (None, Err(Refused::Wallet.code()))
            }
        };
        note(tx, &app, &request, &item, person, result, now)
    })
    .await
}

type Judged = (Option<Id>, Result<(), &'static str>);

/// Whose card it is, and whether it opens the item now.
fn holder(tx: &mut Tx<'_>, shown: &Shown, item: &Item, now: Utc) -> Result<Judged, DbError> {
    let credential = store::at(tx, shown.place)?.filter(|one| one.holder == shown.holder);
    let Some(credential) = credential.filter(|one| one.expires_at > now) else {
        return Ok((None, Err(Refused::Wallet.code())));
    };
    let Some(person) = people::store::by_id(tx, credential.person)? else {
        return Ok((None, Err(Refused::Wallet.code())));
    };
    let usable = in_order(tx, &credential, now)?;
    let freezes = people::freezes::store::live_of(tx, credential.person)?;
    let today = now.day();
    let same = item.fields.iter().all(|field| {
        let said = shown.claims.iter().find(|(name, _)| *name == claim(*field));
        said.is_some_and(|(_, said)| *said == person.field(*field, today))
    });
    let result = match (usable && !credential.revoked, same) {
        (false, _) => Err(Refused::CardNotInOrder.code()),
        // What the register says now is not what the credential says: it is to be fetched anew.
        (true, false) => Err(Refused::Stale.code()),
        (true, true) => check_freezes(&item.code, &freezes)
            // Groups that the register does not know are seen by whoever serves, who knows the item.
            .and_then(|()| check_group(item, &person, today).map(drop))
            .map_err(|refused| refused.code()),
    };
    Ok((Some(credential.person), result))
}

/// Whether the electronic card that the credential is of is the person's, and on.
fn in_order(tx: &mut Tx<'_>, credential: &Credential, now: Utc) -> Result<bool, DbError> {
    let Some(card) = cards::store::living(tx, credential.person)? else { return Ok(false) };
    let ecard = cards::store::ecard_of(tx, &card)?;
    let same = ecard.is_some_and(|ecard| ecard.id == credential.ecard);
    let usable = cards::rules::usable(card.clocks.electronic, card.expires_on, now.day());
    Ok(same && usable.is_ok())
}

fn note(
    tx: &mut Tx<'_>,
    app: &App,
    request: &Request,
    item: &Item,
    person: Option<Id>,
    result: Result<(), &'static str>,
    now: Utc,
) -> Result<(), Problem> {
    let terminal = codes::store::terminals(tx, &[request.terminal])?.remove(&request.terminal);
    let place = terminal.map(|terminal| terminal.place).unwrap_or_default();
    let actor = Actor {
        account: request.terminal,
        name: place,
        role: kernel::actor::Role::Terminal,
        ..Actor::system()
    };
    let known = match (person, &result) {
        (Some(person), Ok(())) => people::store::by_id(tx, person)?,
        _ => None,
    };
    let value = |field: &Field| {
        let value = known.as_ref().map(|person| person.field(*field, now.day()));
        value.map(|value| (field.code().to_owned(), value))
    };
    let fields: Vec<(String, String)> = item.fields.iter().filter_map(value).collect();
    let codes: Vec<&'static str> = match result {
        Ok(()) => item.fields.iter().map(|field| field.code()).collect(),
        Err(_) => Vec::new(),
    };
    let why = result.err().unwrap_or_default();
    let act = if why.is_empty() { "item.used" } else { "item.refused" };
    let mut entry = Entry::new(app.id(), now, &actor, act, "Art. 14")
        .on("wallet-request", &request.id)
        .why(item.name.zh.clone(), &codes);
    entry.subject = person;
    entry.item = format!("{} v{} {}", item.code, item.version, item.name.zh);
    if !why.is_empty() {
        entry.result = why.to_owned();
    }
    let told = Told { why: why.to_owned(), fields };
    let plain = serde_json::to_vec(&told).map_err(|error| DbError::Engine(error.to_string()))?;
    let state = if why.is_empty() { "yes" } else { "no" };
    store::answer(tx, &request.id, state, app.keys.seal_field(&plain, ANSWER))?;
    Ok(journal::record(tx, &entry)?)
}
