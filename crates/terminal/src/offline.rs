//! Judgement without a network, in one fixed order: clock, item and its limits, the code with
//! [`verify_offline`], uses of the day, counter, journal. Only then yes.

use seal::cq1::{Code, Context, CredentialCache, Refused, Region, verify_offline};

use crate::clock;
use crate::denied::{Denied, No};
use crate::entry::{Entry, OK, Shown};
use crate::items::{Item, MAX_ITEMS_AGE_S, day};
use crate::store::Store;
use crate::vault::StoreError;

/// A use that is in the journal on disk: the gate may open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its number in the journal.
    pub seq: u64,
    /// How old the status list was, seconds.
    pub list_age_s: i64,
    /// Uses of this card for this item that are left today.
    pub left_today: u32,
}

/// Judges one code for one item. `amount_fen` is what the item would cost; only zero passes.
///
/// # Errors
/// The first check that fails.
pub fn judge(
    store: &mut Store,
    cache: &mut CredentialCache,
    item: &str,
    text: &str,
    amount_fen: u64,
    now_s: i64,
) -> Result<Passed, No> {
    let found = may_be_offline(store, item, amount_fen, now_s)?;
    let judged = judge_code(store, cache, &found, text, now_s);
    let result = judged.as_ref().map_or_else(|no| no.code(), |_| OK);
    let entry = Entry {
        seq: 0,
        at: now_s,
        item: found.code.clone(),
        item_version: found.version,
        result: result.to_owned(),
        code: text.to_owned(),
        status_serial: store.mark().status_serial,
        link: String::new(),
    };
    match judged {
        Ok((list_age_s, left_today)) => {
            let seq = store.append(entry, true).map_err(|error| match error {
                StoreError::Full => Denied::JournalFull,
                _ => Denied::Journal,
            })?;
            Ok(Passed { seq, list_age_s, left_today })
        }
        Err(no) => {
            // What is no code at all would only fill the disk; a no stays a no when it is not kept.
            if Code::bytes(text).is_ok() {
                let _ = store.append(entry, false);
            }
            Err(no)
        }
    }
}

/// What does not depend on the code.
fn may_be_offline(store: &Store, item: &str, amount_fen: u64, now_s: i64) -> Result<Item, No> {
    if store.mark().blocked {
        return Err(Denied::Blocked.into());
    }
    clock::check(store.mark(), now_s)?;
    let items = store.items().ok_or(Denied::NoLists)?;
    let found = items.find(item).ok_or(Denied::ItemUnknown)?;
    if now_s.saturating_sub(items.confirmed_at) > MAX_ITEMS_AGE_S {
        return Err(Denied::ItemsStale.into());
    }
    if !found.is_in_force(&day(now_s)) {
        return Err(Denied::ItemNotInForce.into());
    }
    if found.offline.count == 0 || found.needs().is_none() || !found.takes_a_code() {
        return Err(Denied::OnlineOnly.into());
    }
    if amount_fen != 0 {
        return Err(Denied::Amount.into());
    }
    Ok(found.clone())
}

/// Age of the status list and uses left after this one.
fn judge_code(
    store: &Store,
    cache: &mut CredentialCache,
    item: &Item,
    text: &str,
    now_s: i64,
) -> Result<(i64, u32), No> {
    let (own_keys, own_status) = store.keys().zip(store.status()).ok_or(Denied::NoLists)?;
    let (capability, scene) = item.needs().zip(item.scene()).ok_or(Denied::OnlineOnly)?;
    if text.starts_with("YKT1:") {
        return Err(Denied::NotOffline.into());
    }
    let bytes = Code::bytes(text)?;
    let (region, keys, status) = match region_of(&bytes).filter(|region| *region != store.region())
    {
        None => (store.region(), own_keys, own_status),
        // Art. 14: cards of another region are for items of the joint list alone.
        Some(_) if !item.joint => return Err(Denied::NotJoint.into()),
        Some(region) => {
            let other = store.neighbour(region).ok_or(Refused::Region)?;
            (region, &other.keys, &other.status)
        }
    };
    let last_counter = |credential: &_| store.journal().last_counter(credential);
    let context = Context {
        now_s,
        skew_s: clock::MAX_SKEW_S,
        region,
        capability,
        scene,
        emergency: item.offline.emergency,
        max_list_age_s: item.offline.list_s,
        last_counter: &last_counter,
    };
    let accepted = verify_offline(&bytes, keys, status, &context, cache)?;
    let shown = Shown::of(&bytes);
    if shown.counter != accepted.counter || shown.credential != accepted.credential {
        return Err(Refused::Encoding.into());
    }
    let uses = store.journal().uses(&item.code, &shown.holder, &day(now_s));
    match item.offline.count.checked_sub(uses) {
        None | Some(0) => Err(Denied::Count.into()),
        Some(left) => Ok((accepted.list_age_s, left - 1)),
    }
}

/// The region that a code names; `None` for digits that are none, which the judgement refuses.
fn region_of(code: &[u8]) -> Option<Region> {
    Region::from_bcd(*code.get(1..)?.first_chunk()?)
}

#[cfg(test)]
mod tests;
