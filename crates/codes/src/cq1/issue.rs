//! Credentials of holders and the codes that their pages show; emergency books.
//!
//! A browser has no SM2, so the key behind a web page is kept here, one for each holder, sealed. An app has
//! a key of its own ([`super::device`]).

use cards::rules::clocks::State;
use cards::store::ECard;
use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use seal::cq1::{
    CREDENTIAL_BODY, CREDENTIAL_LEN, Capabilities, Code, Credential, EmergencyBook, Kind, Scene,
};
use seal::sm2::{SignerId, SigningKey};
use time::Date;

use super::store::{self, Holder, NewCredential};
use super::{BOOK_HOURS, broken, keys, region, status};
use crate::rules::{LIFETIME_S, Refused};
use crate::service::Shown;

/// How long a holder's credential is good, in seconds.
pub(super) const LIFE_S: i64 = 86_400;
/// A credential that ends sooner is issued anew at the next display.
const RENEWED_S: i64 = 3_600;
/// Where the number of the issuer's key stands in a credential.
const KEY_AT: usize = 4;
/// Draws of a number and a place before giving up; a second one is rare.
const DRAWS: usize = 8;
/// Codes of one emergency book.
pub const BOOK_CODES: u32 = 5;

/// A key that was drawn for a holder; in Rust only, until it is sealed or forgotten.
fn draw(role: SignerId) -> Result<SigningKey, DbError> {
    // One draw in 2^32 is no key; the next one is.
    let drawn = (0..4).find_map(|_| SigningKey::from_secret(&random::<32>(), role).ok());
    drawn.ok_or_else(|| broken("no key could be drawn"))
}

/// The end of the card's last day, in Chongqing; far away when it has none.
fn last_second(expires_on: Option<Date>) -> i64 {
    let next = expires_on.and_then(Date::next_day);
    next.map_or(i64::from(u32::MAX), |next| Utc::start_of(next).seconds() - 1)
}

/// What a credential is issued for.
pub(super) struct Want {
    pub(super) person: Id,
    pub(super) ecard: Id,
    pub(super) kind: Kind,
    pub(super) capabilities: Capabilities,
    pub(super) expires_s: i64,
}

/// Draws number and place, enters the directory, signs.
pub(super) fn issue(
    tx: &mut Tx<'_>,
    app: &Platform,
    want: &Want,
    holder: [u8; 33],
    now_s: i64,
) -> Result<(Credential, [u8; 64]), DbError> {
    let listed = store::keys(tx)?;
    let key = keys::signing(&listed, 1, now_s).ok_or_else(|| broken("no key signs credentials"))?;
    for _ in 0..DRAWS {
        let new = NewCredential {
            credential: random::<8>(),
            person: want.person,
            ecard: want.ecard,
            status_index: u32::from_be_bytes(random::<4>()) % status::SIZE,
            emergency: want.kind == Kind::Emergency,
            expires_at: want.expires_s,
        };
        if !store::insert_credential(tx, &new)? {
            continue;
        }
        let credential = Credential {
            kind: want.kind,
            region: region(app),
            key: key.index,
            id: new.credential,
            status_index: new.status_index,
            capabilities: want.capabilities,
            expires_s: u32::try_from(want.expires_s).map_err(broken)?,
            holder,
        };
        let body = credential.signed_bytes();
        let signature = app.keys.store().sign(&key.name, SignerId::CQ1_ISSUER, &body);
        return Ok((credential, signature.map_err(broken)?));
    }
    Err(broken("no free place in the status list"))
}

/// The electronic card of a person, when it can be used today (Art. 2).
pub(super) fn usable(tx: &mut Tx<'_>, person: Id, now: Utc) -> Result<(ECard, i64), Problem> {
    let (card, ecard) = cards::service::cards_of(tx, person)?;
    let card = card.filter(|card| card.clocks.electronic == State::On);
    let card = card.ok_or(Refused::CardNotActive)?;
    if cards::rules::usable(card.clocks.electronic, card.expires_on, now.day()).is_err() {
        return Err(Refused::CardNotActive.into());
    }
    let freezes = people::freezes::store::live_of(tx, person)?;
    if people::freezes::rules::stops(&freezes, people::freezes::Want::Card).is_some() {
        return Err(Refused::Frozen.into());
    }
    Ok((ecard.ok_or(Refused::CardNotActive)?, last_second(card.expires_on)))
}

fn context(person: Id) -> Vec<u8> {
    [&b"cq1-holder"[..], &person.0.to_be_bytes()].concat()
}

/// The next code of the holder's electronic card. The counter is technical and is not journalled; each
/// use of the code is.
///
/// # Errors
/// The card cannot be used (Art. 2), or the database's word.
pub async fn show(app: &App, holder: &Actor) -> Result<Shown, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    keys::ensure(app).await?;
    let (shared, now) = (app.clone(), Utc::now());
    let (kept, counter) = app
        .db
        .housekeeping(move |tx| {
            let (ecard, last) = usable(tx, person, now)?;
            let kept = present(tx, &shared, person, &ecard, last, now.seconds())?;
            let counter = store::next_counter(tx, person, &kept)?;
            Ok::<_, Problem>((kept, counter))
        })
        .await?;
    let secret = app.keys.open_field(&kept.secret, &context(person));
    let secret: Option<[u8; 32]> = secret.and_then(|secret| secret.try_into().ok());
    let key = secret.and_then(|secret| SigningKey::from_secret(&secret, SignerId::CQ1_HOLDER).ok());
    let key = key.ok_or_else(|| broken("the holder's key cannot be opened"))?;
    let code = code_of(&kept.signed, counter, now)?;
    let signature = key.sign(&code.signed_bytes());
    let text = Code::text(&code.with_signature(&signature));
    Ok(Shown { text, lifetime_ms: i64::from(LIFETIME_S) * 1_000 })
}

/// The holder's credential; issued anew when there is none, it ends soon, or is of another card.
fn present(
    tx: &mut Tx<'_>,
    app: &Platform,
    person: Id,
    ecard: &ECard,
    last: i64,
    now_s: i64,
) -> Result<Holder, Problem> {
    let (kept, listed) = (store::holder(tx, person)?, store::keys(tx)?);
    let revoked = |kept: &Holder| {
        let index = kept.signed.get(KEY_AT);
        listed.iter().any(|key| key.usage == 1 && key.revoked && Some(&key.index) == index)
    };
    let good = |kept: &Holder| {
        let soon = (now_s + RENEWED_S).min(last - 1);
        kept.ecard == ecard.id && kept.expires_at.min(last) > soon && !revoked(kept)
    };
    if let Some(kept) = kept.filter(good) {
        return Ok(kept);
    }
    let key = draw(SignerId::CQ1_HOLDER)?;
    let want = Want {
        person,
        ecard: ecard.id,
        kind: Kind::Displayed,
        capabilities: Capabilities::ALL,
        expires_s: (now_s + LIFE_S).min(last),
    };
    let (credential, signature) = issue(tx, app, &want, key.verifying().to_compressed(), now_s)?;
    let signed = credential.with_signature(&signature);
    let secret = app.keys.seal_field(&*key.secret(), &context(person));
    store::put_holder(tx, person, ecard.id, &signed, &secret, want.expires_s)?;
    store::holder(tx, person)?.ok_or_else(|| DbError::Conflict.into())
}

/// The fields of a code over a kept credential.
fn code_of(signed: &[u8], counter: i64, now: Utc) -> Result<Code, Problem> {
    let kept: &[u8; CREDENTIAL_LEN] =
        signed.try_into().map_err(|_| broken("a kept credential is not 120 bytes"))?;
    let (body, signature) = kept.split_at(CREDENTIAL_BODY);
    let credential = Credential::of_bytes(body).map_err(|refused| broken(refused.code()))?;
    Ok(Code {
        credential,
        issuer_signature: signature.try_into().map_err(|_| broken("no signature"))?,
        generated_s: u32::try_from(now.seconds()).map_err(broken)?,
        lifetime: LIFETIME_S,
        counter: u32::try_from(counter).map_err(broken)?,
        scene: Scene::Any,
    })
}

/// An emergency book (应急码).
#[derive(Clone, Debug)]
pub struct Book {
    /// Texts of the codes, in the order of their use.
    pub codes: Vec<String>,
    /// Until when they are good.
    pub until: Utc,
}

/// Makes an emergency book for a holder who will have no network: few codes, few hours, no identity,
/// one book at a time (Art. 15, 20). The book's key is forgotten here.
///
/// # Errors
/// A book is still good, or the card cannot be used.
pub async fn book(app: &App, holder: &Actor) -> Result<Book, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    keys::ensure(app).await?;
    let (shared, now, entry) = (app.clone(), Utc::now(), app.id());
    let (holder, key) = (holder.clone(), draw(SignerId::CQ1_EMERGENCY)?.secret());
    app.db
        .write(move |tx| {
            let now_s = now.seconds();
            if store::has_book(tx, person, now_s)? {
                return Err(has_book());
            }
            let (ecard, last) = usable(tx, person, now)?;
            let hours = settings::get(tx, &BOOK_HOURS, now)?;
            let key = SigningKey::from_secret(&key, SignerId::CQ1_EMERGENCY).map_err(broken)?;
            let public = key.verifying().to_compressed();
            let want = Want {
                person,
                ecard: ecard.id,
                kind: Kind::Emergency,
                capabilities: Capabilities::EMERGENCY,
                expires_s: (now_s + hours * 3_600).min(last),
            };
            let (credential, issuer_signature) = issue(tx, &shared, &want, public, now_s)?;
            let book = EmergencyBook {
                credential,
                issuer_signature,
                from_s: u32::try_from(now_s).map_err(broken)?,
                hours: u8::try_from(hours).map_err(broken)?,
                uses: BOOK_CODES,
            };
            let sign =
                |code: &Code| Code::text(&code.with_signature(&key.sign(&code.signed_bytes())));
            let codes = book.codes().map_err(broken)?.iter().map(sign).collect();
            let entry = Entry::new(entry, now, &holder, "code.book-made", "Art. 15");
            let why = "生成应急码 / emergency codes";
            journal::record(tx, &entry.about(person).on("person", person).why(why, &[]))?;
            Ok(Book { codes, until: Utc(want.expires_s * Utc::SECOND) })
        })
        .await
}

fn has_book() -> Problem {
    Problem::new(
        409,
        "codes/has-book",
        Text::new("您已有一组有效的应急码", "You have emergency codes that are still good"),
        Text::new(
            "请使用已保存的应急码，到期后可重新生成",
            "Use those that you kept; new ones can be made when they have ended",
        ),
    )
}
