//! Putting the electronic card into a wallet (OpenID4VCI 1.0): offered after the holder confirmed, changed for
//! a token with the digits that he sees, fetched once by whoever proves to have a key.

use kernel::actor::Actor;
use kernel::auth;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde_json::{Map, Value, json};

use super::rules::{self, CREDENTIAL_DAYS, OFFER_S, TRIES};
use super::store::{self, Credential};
use super::{sdjwt, status};
use crate::jose::{Alg, Public, b64};
use crate::rules::Refused;
use crate::{keyring, keys, service};

/// An offer, as the holder sees it once.
#[derive(Clone, Debug)]
pub struct Offered {
    /// For the QR code and for the button on a phone.
    pub uri: String,
    /// Six digits that the wallet asks for.
    pub digits: String,
}

fn pin(code: &str, digits: &str) -> [u8; 32] {
    seal::sm3::sm3(format!("{code}:{digits}").as_bytes())
}

/// Offers the card to a wallet; the holder's sign-in password is asked again.
///
/// # Errors
/// The password is wrong, or the card is not in order.
pub async fn offer(app: &App, holder: &Actor, password: &str) -> Result<Offered, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    auth::confirm_password(app, holder.account, password).await?;
    let code = seal::token::from_random(&random::<32>());
    let digits = format!("{:06}", u64::from_be_bytes(random::<8>()) % 1_000_000);
    let (now, digest, pin) = (Utc::now(), seal::token::digest(&code), pin(&code, &digits));
    let entry = Entry::new(app.id(), now, holder, "wallet.offered", "Art. 2")
        .about(person)
        .on("person", person)
        .why("将电子社保卡存入钱包 / the card for a wallet", &[]);
    app.db
        .write(move |tx| {
            service::may_sign_in(tx, person, "", now)?;
            store::insert_offer(tx, &digest, person, &pin, now.plus_seconds(OFFER_S))?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    let offer = json!({
        "credential_issuer": service::issuer(app),
        "credential_configuration_ids": [rules::CONFIGURATION],
        "grants": {rules::PRE_AUTHORIZED: {
            "pre-authorized_code": code,
            "tx_code": {"input_mode": "numeric", "length": 6},
        }},
    });
    let query = serde_urlencoded::to_string([("credential_offer", offer.to_string())]);
    let uri = format!("openid-credential-offer://?{}", query.unwrap_or_default());
    Ok(Offered { uri, digits })
}

/// Changes a pre-authorized code and its digits into an access token; none when they are not right.
///
/// # Errors
/// The database's word.
pub async fn exchange(app: &App, code: &str, digits: &str) -> Result<Option<String>, Problem> {
    let now = Utc::now();
    let (digest, said) = (seal::token::digest(code), pin(code, digits));
    let token = seal::token::from_random(&random::<32>());
    let fetched = seal::token::digest(&token);
    let right = app
        .db
        .housekeeping(move |tx| {
            let Some(offer) = store::offer(tx, &digest, now)? else { return Ok(false) };
            if offer.used || offer.tries >= TRIES {
                return Ok(false);
            }
            if !seal::token::same(&offer.pin, &said) {
                store::count_try(tx, &digest)?;
                return Ok(false);
            }
            store::use_offer(tx, &digest, &fetched, now.plus_seconds(OFFER_S))
        })
        .await
        .map_err(|error: DbError| Problem::from(error))?;
    Ok(right.then_some(token))
}

/// A nonce that this installation alone makes, with its last second in it; nothing is kept.
pub fn nonce(app: &App, now_s: i64) -> String {
    let until = (now_s + rules::NONCE_S).to_be_bytes();
    let body = [&until[..], &random::<16>()].concat();
    let tag = app.keys.digest(&[b"wallet nonce\n", body.as_slice()].concat());
    b64([body.as_slice(), &tag[..16]].concat())
}

fn is_ours(app: &App, nonce: &str, now_s: i64) -> bool {
    let Some(bytes) = crate::jose::unb64(nonce).filter(|bytes| bytes.len() == 40) else {
        return false;
    };
    let (body, said) = bytes.split_at(24);
    let tag = app.keys.digest(&[b"wallet nonce\n", body].concat());
    let until = body[..8].try_into().map_or(0, i64::from_be_bytes);
    seal::token::same(said, &tag[..16]) && now_s <= until
}

/// Why no credential is given, in a word of OpenID4VCI 1.0 8.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct No(pub &'static str, pub &'static str);

/// Gives the credential of an access token to the key that `proof` proves; the token is good once.
///
/// # Errors
/// [`No`] inside, or a refusal: the card is not in order.
pub async fn issue(app: &App, token: &str, proof: &str) -> Result<Result<String, No>, Problem> {
    let (now, issuer) = (Utc::now(), service::issuer(app));
    let (key, nonce) = match rules::proof(proof, &issuer, now.seconds()) {
        Ok(proved) => proved,
        Err(says) => return Ok(Err(No("invalid_proof", says))),
    };
    if !is_ours(app, &nonce, now.seconds()) {
        return Ok(Err(No("invalid_nonce", "the nonce is not of this issuer, or has ended")));
    }
    let (kid, private) = keyring::signing_key(app, Alg::Es256).await?;
    let (digest, shared) = (seal::token::digest(token), app.clone());
    let signed = app
        .db
        .write(move |tx| {
            let person = store::person_of_token(tx, &digest, now)?;
            let person = person.ok_or_else(Problem::unauthenticated)?;
            if !store::use_token(tx, &digest)? {
                return Err(Problem::unauthenticated());
            }
            let text = make(tx, &shared, person, &key, (&kid, &private), now)?;
            Ok(text)
        })
        .await;
    signed.map(Ok)
}

fn make(
    tx: &mut Tx<'_>,
    app: &App,
    person: Id,
    key: &Public,
    (kid, private): (&str, &[u8]),
    now: Utc,
) -> Result<String, Problem> {
    service::may_sign_in(tx, person, "", now)?;
    let card = cards::store::living(tx, person)?.ok_or(Refused::CardNotInOrder)?;
    let ecard = cards::store::ecard_of(tx, &card)?.ok_or(Refused::CardNotInOrder)?;
    let known = people::store::by_id(tx, person)?.ok_or_else(Problem::not_found)?;
    let expires_at = now.plus_seconds(CREDENTIAL_DAYS * 86_400);
    let id = app.id();
    let mut new = Credential {
        person,
        id,
        ecard: ecard.id,
        list: store::last_list(tx)?,
        place: 0,
        holder: key.thumbprint(),
        issued_at: now,
        expires_at,
        revoked: false,
    };
    // Places are drawn at random, so that they tell nothing of who came when.
    let mut tries = 0;
    loop {
        new.place = i64::from(u32::from_be_bytes(random())) % status::SIZE;
        if store::insert(tx, &new)? {
            break;
        }
        tries += 1;
        new.list += i64::from(tries % 8 == 0);
    }
    let facts = rules::facts(&known, now.day());
    let names: Vec<&'static str> =
        people::field::Field::ALL.iter().map(|field| field.code()).collect();
    let issuer = service::issuer(app);
    let place = json!({"idx": new.place, "uri": status::address(&issuer, new.list)});
    let claims = json!({
        "iss": issuer,
        "vct": rules::vct(&issuer),
        "iat": now.seconds(),
        "exp": expires_at.seconds(),
        "cnf": {"jwk": key.jwk()},
        "status": {"status_list": place},
        "issuing_region": app.config.region,
    });
    let text = seal_claims(claims, &facts, kid, private)?;
    let holder = Actor { name: known.name.clone(), person: Some(person), ..Actor::system() };
    let entry = Entry::new(app.id(), now, &holder, "wallet.issued", "Art. 2")
        .about(person)
        .on("wallet-credential", id)
        .why("电子社保卡已存入钱包 / the card in a wallet", &names);
    journal::record(tx, &entry)?;
    Ok(text)
}

fn seal_claims(
    claims: Value,
    facts: &[(&'static str, Value)],
    kid: &str,
    private: &[u8],
) -> Result<String, Problem> {
    let mut claims: Map<String, Value> = claims.as_object().cloned().unwrap_or_default();
    let disclosures: Vec<String> =
        facts.iter().map(|(name, value)| sdjwt::disclosure(&random::<16>(), name, value)).collect();
    sdjwt::conceal(&mut claims, &disclosures);
    let issued = keys::sign(kid, Alg::Es256, private, "dc+sd-jwt", &Value::Object(claims));
    let issued = issued.map_err(|_| DbError::Unavailable("no key signs".to_owned()))?;
    Ok(format!("{issued}~{}~", disclosures.join("~")))
}

/// Takes a credential back from a wallet: its place says so within seconds.
///
/// # Errors
/// There is none.
pub async fn revoke(app: &App, holder: &Actor, id: Id) -> Result<(), Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, holder, "wallet.revoked", "Art. 2")
        .about(person)
        .on("wallet-credential", id)
        .why("收回钱包中的电子社保卡 / taken back from a wallet", &[]);
    app.db
        .write(move |tx| match store::revoke(tx, person, id, now)? {
            true => Ok::<_, Problem>(journal::record(tx, &entry)?),
            false => Err(Problem::not_found()),
        })
        .await
}
