//! Use cases: requests, consent, codes and tokens, keys.

use std::sync::Arc;

use items::rules::Item;
use items::service::Catalogue;
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde_json::{Map, Value, json};

use crate::jose::Alg;
use crate::rules::{self, ANSWER_S, Asked, CODE_S, PUSHED_S, Refused, TOKEN_S};
use crate::store::{self, Client, Consent, Grant, Request};
use crate::{keyring, keys, visitor};

/// The list of items, for handlers.
#[derive(Clone)]
pub struct List(pub Arc<Catalogue>);

impl List {
    /// The item of a service as it is today.
    ///
    /// # Errors
    /// It is not on the list.
    pub fn item(&self, client: &Client) -> Result<Arc<Item>, Refused> {
        self.0.get(&client.item, Utc::now().day()).ok_or(Refused::ItemGone)
    }
}

/// Whether a person may sign in with his card for an item now: his electronic card is in order and nothing
/// freezes it (Art. 2, 20).
///
/// # Errors
/// [`Refused`] as a problem.
pub fn may_sign_in(tx: &mut Tx<'_>, person: Id, item: &str, now: Utc) -> Result<(), Problem> {
    let card = cards::store::living(tx, person)?.ok_or(Refused::CardNotInOrder)?;
    cards::rules::usable(card.clocks.electronic, card.expires_on, now.day())
        .map_err(|_| Refused::CardNotInOrder)?;
    let freezes = people::freezes::store::live_of(tx, person)?;
    match people::freezes::rules::stops(&freezes, people::freezes::rules::Want::Item(item)) {
        Some(_) => Err(Refused::Frozen.into()),
        None => Ok(()),
    }
}

/// An active service with this redirect address.
///
/// # Errors
/// [`Refused`] as a problem: nothing may be sent to an address that is not known.
pub fn known(tx: &mut Tx<'_>, asked: &Asked) -> Result<Client, Problem> {
    let client = store::client(tx, &asked.client_id)?.filter(|client| client.state == "active");
    let client = client.ok_or(Refused::UnknownClient)?;
    if !client.redirects.contains(&asked.redirect_uri) {
        return Err(Refused::OtherAddress.into());
    }
    Ok(client)
}

/// Keeps a pushed request (RFC 9126); returns its `request_uri`.
///
/// # Errors
/// The database's word.
pub async fn push(app: &Platform, asked: Asked) -> Result<String, Problem> {
    let now = Utc::now();
    let id = seal::token::from_random(&random::<32>());
    let request = Request {
        id: id.clone(),
        asked,
        pushed: true,
        made_at: now,
        expires_at: now.plus_seconds(PUSHED_S),
        number: None,
        browser: String::new(),
        person: None,
        answer: String::new(),
    };
    app.db.housekeeping(move |tx| store::insert_request(tx, &request, None)).await?;
    Ok(format!("urn:ietf:params:oauth:request_uri:{id}"))
}

/// What a `request_uri` stands for, once.
///
/// # Errors
/// It is unknown, of another service, or was used.
pub async fn pulled(app: &Platform, asked: Asked) -> Result<Asked, Problem> {
    let id = asked.request_uri.strip_prefix("urn:ietf:params:oauth:request_uri:");
    let id = id.ok_or(Refused::Over)?.to_owned();
    let now = Utc::now();
    app.db
        .housekeeping(move |tx| {
            let request = store::request(tx, &id, now)?.filter(|request| request.pushed);
            let request = request.ok_or(Refused::Over)?;
            if request.asked.client_id != asked.client_id || !store::take_pushed(tx, &id)? {
                return Err(Refused::Over.into());
            }
            Ok::<_, Problem>(request.asked)
        })
        .await
}

/// A request that begins, with what its QR code holds and the number on the screen.
pub struct Begun {
    /// Its id.
    pub id: String,
    /// For the QR code.
    pub qr: String,
    /// Two digits on the screen.
    pub number: i64,
}

/// Keeps a request that waits for its person.
///
/// # Errors
/// The database's word.
pub async fn begin(app: &Platform, asked: Asked, browser: &str) -> Result<Begun, Problem> {
    let now = Utc::now();
    let (id, qr) =
        (seal::token::from_random(&random::<32>()), seal::token::from_random(&random::<32>()));
    let number = i64::from(u16::from_be_bytes(random::<2>()) % 90 + 10);
    let request = Request {
        id: id.clone(),
        asked,
        pushed: false,
        made_at: now,
        expires_at: now.plus_seconds(ANSWER_S),
        number: Some(number),
        browser: browser.chars().take(120).collect(),
        person: None,
        answer: String::new(),
    };
    let digest = seal::token::digest(&qr);
    app.db.housekeeping(move |tx| store::insert_request(tx, &request, Some(&digest))).await?;
    Ok(Begun { id, qr, number })
}

/// Whether the person has agreed to this service with this version of its item.
///
/// # Errors
/// The database's word.
pub fn agreed(tx: &mut Tx<'_>, person: Id, client: &Client, item: &Item) -> Result<bool, DbError> {
    let given = store::consents(tx, person)?;
    Ok(given.iter().any(|one| {
        one.client == client.id && one.item_version == item.version && one.fields == fields_of(item)
    }))
}

/// Codes of an item's fields.
pub fn fields_of(item: &Item) -> String {
    let codes: Vec<&str> = item.fields.iter().map(|field| field.code()).collect();
    codes.join(",")
}

/// The level that the person proved for a request, with the password of the card where it is needed.
///
/// # Errors
/// The password is wrong, or too many were tried; the item is gone or asks for the card itself.
pub async fn proved(
    app: &App,
    list: &List,
    holder: &Actor,
    request: &Request,
    card_password: &str,
) -> Result<i64, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let asked = request.asked.clone();
    let client = app.db.read(move |tx| known(tx, &asked)).await?;
    let level = rules::needs(list.item(&client)?.level, &request.asked)?;
    if level > 2 && !codes::service::check_password(app, person, card_password).await? {
        return Err(Refused::CardPassword.into());
    }
    Ok(level)
}

/// The person agrees: makes the code and the address to go to. On record as a use of the card (Art. 7).
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn approve(
    app: &Platform,
    list: &List,
    holder: &Actor,
    request: &Request,
    (auth_time, level): (i64, i64),
) -> Result<String, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let (now, list, holder, request) = (Utc::now(), list.clone(), holder.clone(), request.clone());
    let code = seal::token::from_random(&random::<32>());
    let issuer = issuer(app);
    let answers = [("code", code.as_str()), ("state", &request.asked.state), ("iss", &issuer)];
    let to = rules::redirect(&request.asked.redirect_uri, &answers);
    let (entry_id, digest, address) = (app.id(), seal::token::digest(&code), to.clone());
    app.db
        .write(move |tx| {
            let client = known(tx, &request.asked)?;
            may_sign_in(tx, person, &client.item, now)?;
            let item = list.item(&client)?;
            let grant = Grant {
                code: digest,
                client: client.id.clone(),
                person,
                redirect: request.asked.redirect_uri.clone(),
                challenge: request.asked.code_challenge.clone(),
                nonce: request.asked.nonce.clone(),
                fields: item.fields.iter().map(|field| field.code().to_owned()).collect(),
                item_version: item.version,
                auth_time,
                level,
                visitor: None,
                made_at: now,
                code_until: now.plus_seconds(CODE_S),
                used: false,
                token_until: None,
                revoked: false,
            };
            let consent = Consent {
                client: client.id.clone(),
                item_version: item.version,
                fields: fields_of(&item),
                given_at: now,
                last_at: now,
            };
            if !store::answer(tx, &request.id, Some(person), &address)? {
                return Err(Refused::Over.into());
            }
            store::insert_grant(tx, &grant)?;
            store::agree(tx, person, &consent)?;
            let entry = Entry::new(entry_id, now, &holder, "signin.agreed", "Art. 6")
                .about(person)
                .on("client", &client.id)
                .why(format!("用社保卡登录 {}", client.name), &[]);
            let entry = Entry { item: format!("{} v{}", item.code, item.version), ..entry };
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(to)
}

/// The issuer's address: the platform's public one.
pub fn issuer(app: &Platform) -> String {
    app.config.public_url.clone()
}

/// The person's name at services of a sector: nobody else can join two sectors by it.
///
/// # Errors
/// The key store's word.
pub fn subject(app: &Platform, sector: &str, person: Id) -> Result<String, Problem> {
    use base64::Engine as _;
    let message = format!("signin subject\n{sector}\n{person}");
    let mac = app.keys.store().mac("digest", message.as_bytes());
    let mac = mac.map_err(|error| DbError::Unavailable(error.to_string()))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac))
}

/// A request that waits for its person, and the service that made it.
///
/// # Errors
/// [`Refused::Over`], or the service is revoked.
pub async fn waiting(app: &App, id: &str) -> Result<(Request, Client), Problem> {
    let (id, now) = (id.to_owned(), Utc::now());
    app.db
        .read(move |tx| {
            let request = store::request(tx, &id, now)?.filter(|one| !one.pushed);
            let request = request.ok_or(Refused::Over)?;
            let client = known(tx, &request.asked)?;
            Ok((request, client))
        })
        .await
}

fn grant_subject(app: &Platform, client: &Client, grant: &Grant) -> Result<String, Problem> {
    match visitor::of(app, grant)? {
        Some(visitor) => Ok(visitor.subject),
        None => subject(app, &client.sector, grant.person),
    }
}

/// Why a code is not changed into a token, in a word of RFC 6749.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Access token and ID token.
    Done(String, String),
    /// `invalid_grant`.
    Bad,
}

/// Changes a code into tokens. A code that comes a second time ends what the first one got.
///
/// # Errors
/// The database's word.
pub async fn exchange(
    app: &App,
    client: &Client,
    code: &str,
    redirect: &str,
    verifier: &str,
) -> Result<Exchange, Problem> {
    let now = Utc::now();
    let alg = Alg::from_code(&client.id_alg).unwrap_or(Alg::Es256);
    let key = keyring::signing_key(app, alg).await?;
    let digest = seal::token::digest(code);
    let token = seal::token::from_random(&random::<32>());
    let token_digest = seal::token::digest(&token);
    let (challenge, redirect, client) =
        (keys::challenge(verifier), redirect.to_owned(), client.clone());
    let for_write = client.clone();
    let grant = app
        .db
        .housekeeping(move |tx| {
            let Some(grant) = store::by_code(tx, &digest)? else { return Ok(None) };
            if grant.used {
                store::revoke(tx, &digest)?;
                return Ok(None);
            }
            let fits = grant.client == for_write.id
                && grant.redirect == redirect
                && seal::token::same(grant.challenge.as_bytes(), challenge.as_bytes())
                && grant.code_until > now
                && !grant.revoked;
            let until = now.plus_seconds(TOKEN_S);
            let used = fits && store::use_code(tx, &digest, &token_digest, now, until)?;
            Ok::<_, DbError>(used.then_some(grant))
        })
        .await?;
    let Some(grant) = grant else { return Ok(Exchange::Bad) };
    let mut claims = json!({
        "iss": issuer(app),
        "sub": grant_subject(app, &client, &grant)?,
        "aud": client.id,
        "iat": now.seconds(),
        "exp": now.seconds() + TOKEN_S,
        "auth_time": grant.auth_time,
        "acr": rules::acr(grant.level),
        "amr": rules::amr(grant.level),
        "at_hash": keys::at_hash(&token),
    });
    if !grant.nonce.is_empty() {
        claims["nonce"] = json!(grant.nonce);
    }
    let id_token = keys::sign(&key.0, alg, &key.1, "JWT", &claims);
    let id_token =
        id_token.map_err(|_| DbError::Unavailable("the key does not sign".to_owned()))?;
    Ok(Exchange::Done(token, id_token))
}

/// What a service may know of the person: the fields of the item, as they were agreed, and no others.
/// Each look is on record with the service as who looked (Art. 18).
///
/// # Errors
/// The token does not count (`None`), the item or the card is gone, or the database's word.
pub async fn userinfo(app: &App, list: &List, token: &str) -> Result<Option<Value>, Problem> {
    let (now, digest, entry_id) = (Utc::now(), seal::token::digest(token), app.id());
    let (list, shared) = (list.clone(), app.clone());
    app.db
        .write(move |tx| {
            let Some(grant) = store::by_token(tx, &digest, now)? else {
                return Err(Problem::unauthenticated());
            };
            let client = store::client(tx, &grant.client)?.filter(|one| one.state == "active");
            let client = client.ok_or_else(Problem::unauthenticated)?;
            let item = list.item(&client)?;
            let known = match visitor::of(&shared, &grant)? {
                Some(visitor) if item.list == items::rules::List::Joint => visitor.fields,
                Some(_) => return Err(Refused::ItemGone.into()),
                None => {
                    may_sign_in(tx, grant.person, &client.item, now)?;
                    let person = people::store::by_id(tx, grant.person)?;
                    let person = person.ok_or_else(Problem::not_found)?;
                    let all = item.fields.iter();
                    all.map(|field| (field.code().to_owned(), person.field(*field, now.day())))
                        .collect()
                }
            };
            let mut claims = Map::new();
            claims.insert("sub".to_owned(), json!(grant_subject(&shared, &client, &grant)?));
            let mut seen = Vec::new();
            // What the item no longer has, or the person has not agreed to, is left out.
            for field in &item.fields {
                let agreed = grant.fields.iter().any(|code| code == field.code());
                let value = known.iter().find(|(code, _)| code == field.code());
                if let (true, Some((_, value))) = (agreed, value) {
                    claims.insert(rules::claim(*field).to_owned(), json!(value));
                    seen.push(field.code());
                }
            }
            let service = Actor {
                name: client.name.clone(),
                role: Role::DepartmentOfficer,
                org: Some(client.org),
                ..Actor::system()
            };
            let entry = Entry::new(entry_id, now, &service, "signin.read", "Art. 6")
                .on("client", &client.id)
                .why("用社保卡登录 / sign-in with the card", &seen);
            let subject = grant.visitor.is_none().then_some(grant.person);
            let entry =
                Entry { subject, item: format!("{} v{}", item.code, item.version), ..entry };
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(Some(Value::Object(claims)))
        })
        .await
        .or_else(|problem| match problem.status {
            401 => Ok(None),
            _ => Err(problem),
        })
}

/// Rotates keys, and forgets requests and old sign-ins.
///
/// # Errors
/// The database's word.
pub async fn round(app: &App) -> Result<String, Problem> {
    let made = keyring::ensure(app, Alg::Es256).await? | keyring::ensure(app, Alg::Rs256).await?;
    let now = Utc::now();
    let (requests, grants) = (now.plus_seconds(-3_600), now.plus_seconds(-30 * 86_400));
    app.db
        .housekeeping(move |tx| {
            crate::wallet::store::forget(tx, requests)?;
            store::forget(tx, requests, grants)
        })
        .await?;
    Ok(if made { "a key was made" } else { "no new key" }.to_owned())
}

/// Takes a consent back: the service knows nothing of the person any more.
///
/// # Errors
/// There is none.
pub async fn disagree(app: &Platform, holder: &Actor, client: &str) -> Result<(), Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let client = client.to_owned();
    let entry = Entry::new(app.id(), Utc::now(), holder, "signin.withdrawn", "Art. 19")
        .about(person)
        .on("client", &client)
        .why("撤回登录授权 / consent taken back", &[]);
    app.db
        .write(move |tx| {
            if !store::disagree(tx, person, &client)? {
                return Err(Problem::not_found());
            }
            store::revoke_all(tx, person, &client)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}
