//! The issuer's keys: made before they are needed, listed before they sign, listed on until what they
//! signed has ended. The root signs the list.
//!
//! In production the root's key lives in a module of its own that is switched on for the ceremony; an
//! installation that has it in its key store signs by itself.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use seal::cq1::{IssuerKey, KeyList, KeyListBody, Usage};
use seal::sm2::{SignerId, VerifyingKey};

use super::store::{self, Key, List};
use super::{KEY_DAYS, broken, region};

/// Name of the root's key in the key store.
pub const ROOT: &str = "cq1-root";
const DAY: i64 = 86_400;
/// A new key is listed this long before the old one stops signing.
const OVERLAP: i64 = 3 * DAY;
/// What a key signed lives this long at most: 72 hours of an emergency book, and a day for lists.
const TAIL: i64 = 4 * DAY;
/// How long a key list is believed.
const LIST_LIFE: i64 = 14 * DAY;
/// A list of this age is signed anew although nothing changed.
const LIST_RENEWED: i64 = 2 * DAY;

fn usage_of(number: i64) -> (Usage, SignerId, &'static str) {
    match number {
        1 => (Usage::Credentials, SignerId::CQ1_ISSUER, "issuer"),
        _ => (Usage::Status, SignerId::CQ1_STATUS, "status"),
    }
}

/// The key that signs now: of those that count, the one that began last.
pub fn signing(keys: &[Key], usage: i64, now_s: i64) -> Option<&Key> {
    let good = keys.iter().filter(|key| key.usage == usage && !key.revoked);
    good.filter(|key| key.not_before <= now_s && now_s <= key.not_after - TAIL)
        .max_by_key(|key| key.not_before)
}

/// The keys that must be made now: one of each usage when none signs, or none will after the overlap.
fn due(keys: &[Key], days: i64, now_s: i64) -> Vec<(i64, u8, i64, i64)> {
    let life = days * DAY;
    let next = |usage: i64| {
        let ready = signing(keys, usage, now_s).is_some();
        let later = keys.iter().any(|key| {
            key.usage == usage && !key.revoked && key.not_after - TAIL > now_s + OVERLAP
        });
        if ready && later {
            return None;
        }
        let last = keys.iter().filter(|key| key.usage == usage).map(|key| key.index).max();
        let index = last.map_or(1, |last| if last == u8::MAX { 1 } else { last + 1 });
        // Listed a day before it signs, when there is time for that.
        let from = if ready { now_s + DAY } else { now_s };
        Some((usage, index, from, from + life + TAIL))
    };
    [1, 2].into_iter().filter_map(next).collect()
}

/// Sees to it that there are keys: of a new installation, at the first display.
///
/// # Errors
/// See [`round`].
pub async fn ensure(app: &App) -> Result<(), Problem> {
    let listed = app.db.read(|tx| Ok::<_, Problem>(store::list(tx, "keys")?.is_some())).await?;
    if listed { Ok(()) } else { round(app).await.map(drop) }
}

/// Makes the keys that are due and signs the list when something changed or it grows old.
///
/// # Errors
/// See [`Problem`]; the key store cannot keep a key.
pub async fn round(app: &App) -> Result<String, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "code.keys-listed", "Art. 16");
    let shared = app.clone();
    let made = app.db.write(move |tx| {
        let now = Utc::now();
        let (made, list) = renew(tx, &shared, now.seconds())?;
        // A write without a change needs no entry, one with a change does.
        if made > 0 || list {
            let why = format!("{made} keys made");
            journal::record(tx, &Entry { at: now, ..entry.clone() }.why(why, &[]))?;
        }
        Ok::<_, Problem>(made)
    });
    Ok(format!("{} keys made", made.await?))
}

fn renew(tx: &mut Tx<'_>, app: &Platform, now_s: i64) -> Result<(usize, bool), Problem> {
    let days = settings::get(tx, &KEY_DAYS, Utc(now_s * Utc::SECOND))?;
    let known = store::keys(tx)?;
    let due = due(&known, days, now_s);
    for (usage, index, not_before, not_after) in &due {
        let (_, role, word) = usage_of(*usage);
        let name = format!("cq1-{word}-{index}-{not_before}");
        app.keys.store().create(&name, &random::<32>()).map_err(broken)?;
        let public = app.keys.store().public(&name, role).map_err(broken)?.to_compressed();
        let key = Key {
            usage: *usage,
            index: *index,
            name,
            public,
            not_before: *not_before,
            not_after: *not_after,
            revoked: false,
        };
        store::insert_key(tx, &key)?;
    }
    let before = store::list(tx, "keys")?;
    let old = before.as_ref().is_none_or(|list| list.issued_at + LIST_RENEWED < now_s);
    if due.is_empty() && !old {
        return Ok((0, false));
    }
    sign(tx, app, before.map_or(0, |list| list.serial) + 1, now_s)?;
    Ok((due.len(), true))
}

fn sign(tx: &mut Tx<'_>, app: &Platform, serial: i64, now_s: i64) -> Result<(), Problem> {
    app.keys.store().create(ROOT, &random::<32>()).map_err(broken)?;
    let region = region(app);
    let second = |s: i64| u32::try_from(s).map_err(broken);
    let mut keys = Vec::new();
    for key in store::keys(tx)?.into_iter().filter(|key| key.not_after > now_s) {
        keys.push(IssuerKey {
            region,
            usage: usage_of(key.usage).0,
            index: key.index,
            not_before_s: second(key.not_before)?,
            not_after_s: second(key.not_after)?,
            revoked: key.revoked,
            public: key.public,
        });
    }
    let body = KeyListBody {
        serial: second(serial)?,
        issued_s: second(now_s)?,
        next_update_s: second(now_s + LIST_LIFE)?,
        keys,
    };
    let bytes = body.signed_bytes().map_err(broken)?;
    let signature = app.keys.store().sign(ROOT, SignerId::CQ1_ROOT, &bytes).map_err(broken)?;
    let signed = body.with_signature(&signature).map_err(broken)?;
    Ok(store::put_list(tx, "keys", &List { serial, issued_at: now_s, body: signed })?)
}

/// Revokes an issuer's key at once: the next list says so, and a new key takes over.
///
/// # Errors
/// There is no such key, or [`Problem`].
pub async fn revoke(app: &App, actor: &Actor, usage: i64, index: u8) -> Result<(), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "code.key-revoked", "Art. 20");
    let shared = app.clone();
    app.db
        .write(move |tx| {
            store::revoke_key(tx, usage, index)?;
            let serial = store::list(tx, "keys")?.map_or(0, |list| list.serial);
            let now_s = Utc::now().seconds();
            sign(tx, &shared, serial + 1, now_s)?;
            renew(tx, &shared, now_s)?;
            Ok(journal::record(tx, &entry.clone().on("issuer-key", index).why("撤销密钥", &[]))?)
        })
        .await
}

/// The root's public key: terminals are set up with it.
///
/// # Errors
/// There is none yet.
pub fn root(app: &Platform) -> Result<VerifyingKey, DbError> {
    app.keys.store().public(ROOT, SignerId::CQ1_ROOT).map_err(broken)
}

/// The root's public key; the key is made when there is none yet.
///
/// # Errors
/// The key store cannot keep a key.
pub fn root_or_new(app: &Platform) -> Result<VerifyingKey, DbError> {
    app.keys.store().create(ROOT, &random::<32>()).map_err(broken)?;
    root(app)
}

/// The key list as the platform itself believes it.
///
/// # Errors
/// There is none yet, or its signature does not hold.
pub fn opened(tx: &mut Tx<'_>, app: &Platform) -> Result<KeyList, DbError> {
    let list = store::list(tx, "keys")?.ok_or_else(|| broken("no key list yet"))?;
    KeyList::open(&list.body, &root(app)?).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(usage: i64, index: u8, not_before: i64, not_after: i64) -> Key {
        let name = String::new();
        Key { usage, index, name, public: [2; 33], not_before, not_after, revoked: false }
    }

    /// Art. 16: there is always a key that signs, and the next one is listed before it is needed.
    #[test]
    fn over_two_years_there_is_never_a_moment_without_a_key_that_signs() {
        let mut keys: Vec<Key> = Vec::new();
        for hour in 0..(2 * 365 * 24) {
            let now = 1_800_000_000 + hour * 3_600;
            for (usage, index, from, until) in due(&keys, 30, now) {
                let first = keys.iter().all(|key| key.usage != usage);
                assert!(first || from >= now + DAY, "listed before it signs");
                keys.retain(|k| !(k.usage == usage && k.index == index && k.not_after < from));
                assert!(!keys.iter().any(|k| k.usage == usage && k.index == index));
                keys.push(key(usage, index, from, until));
            }
            for usage in [1, 2] {
                let signs = signing(&keys, usage, now).expect("a key that signs");
                assert!(now + TAIL <= signs.not_after, "what it signs ends before the key does");
            }
        }
        assert!(keys.len() < 80, "{}", keys.len());
    }

    #[test]
    fn a_revoked_key_signs_no_more_and_another_is_due_at_once() {
        let now = 1_800_000_000;
        let mut keys = vec![key(1, 1, now - DAY, now + 100 * DAY)];
        keys.push(key(2, 1, now - DAY, now + 100 * DAY));
        assert!(due(&keys, 90, now).is_empty());
        keys[0].revoked = true;
        assert!(signing(&keys, 1, now).is_none());
        assert_eq!(due(&keys, 90, now), [(1, 2, now, now + 94 * DAY)]);
    }
}
