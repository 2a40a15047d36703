//! The status list: signed anew each minute, and at once when a card changed (Art. 20).

use cards::rules::clocks::State;
use kernel::db::{DbError, Tx};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::cq1::{KeyList, StatusDelta, StatusList, StatusState};
use seal::sm2::SignerId;

use super::store::{self, List};
use super::{broken, keys, region};

/// Places of the list. Credentials draw from them at random, so it is much larger than their number.
pub const SIZE: u32 = 1 << 28;
/// A list this old is signed anew although nothing changed, so that terminals know it is fresh.
const RENEWED_S: i64 = 60;
/// How long deltas are kept; who was away longer takes the whole list.
const DELTAS_S: i64 = 86_400;
/// Ended credentials are forgotten after this, when no terminal can upload their uses any more.
const FORGET_S: i64 = 30 * 86_400;

/// Signs the next list when something changed or the last one grows old.
///
/// # Errors
/// See [`Problem`].
pub async fn round(app: &App) -> Result<String, Problem> {
    let shared = app.clone();
    let said = app.db.housekeeping(move |tx| next(tx, &shared, Utc::now().seconds()));
    Ok(said.await?)
}

fn next(tx: &mut Tx<'_>, app: &Platform, now_s: i64) -> Result<String, DbError> {
    if store::list(tx, "keys")?.is_none() {
        return Ok("no keys yet".to_owned());
    }
    let known = keys::opened(tx, app)?;
    let stored = store::list(tx, "status")?;
    let before = stored.as_ref().and_then(|list| opened(list, &known, now_s));
    let listed = store::keys(tx)?;
    let key = keys::signing(&listed, 2, now_s).ok_or_else(|| broken("no key signs lists"))?;
    let serial = before.as_ref().map(|before| i64::from(before.serial));
    let serial = serial.or(stored.map(|list| list.serial)).unwrap_or(0) + 1;
    let state = state(tx, app, key.index, serial, now_s)?;
    if let Some(before) = &before {
        let same = (&before.suspended, &before.revoked) == (&state.suspended, &state.revoked);
        if same && now_s < i64::from(before.issued_s) + RENEWED_S {
            return Ok(format!("serial {}", before.serial));
        }
    }
    let sign = |bytes: &[u8]| {
        app.keys.store().sign(&key.name, SignerId::CQ1_STATUS, bytes).map_err(broken)
    };
    let bytes = state.signed_bytes().map_err(broken)?;
    let body = state.with_signature(&sign(&bytes)?).map_err(broken)?;
    store::put_list(tx, "status", &List { serial, issued_at: now_s, body })?;
    if let Some(before) = &before {
        let delta = StatusDelta::between(before, &state).map_err(broken)?;
        let body = delta.with_signature(&sign(&delta.signed_bytes())?);
        let list = List { serial, issued_at: now_s, body };
        store::put_delta(tx, i64::from(before.serial), &list, now_s - DELTAS_S)?;
    }
    store::forget(tx, now_s - FORGET_S)?;
    Ok(format!("serial {serial}"))
}

/// The newest list, when its signature holds; one that does not is begun anew.
fn opened(list: &List, keys: &KeyList, now_s: i64) -> Option<StatusState> {
    StatusList::open(&list.body, keys, now_s).ok().map(|list| list.state().clone())
}

fn state(
    tx: &mut Tx<'_>,
    app: &Platform,
    key: u8,
    serial: i64,
    now_s: i64,
) -> Result<StatusState, DbError> {
    let (mut suspended, mut revoked) = (Vec::new(), Vec::new());
    for (index, electronic) in store::not_valid(tx, now_s)? {
        match electronic {
            State::Ended => revoked.push(index),
            _ => suspended.push(index),
        }
    }
    Ok(StatusState {
        region: region(app),
        key,
        serial: u32::try_from(serial).map_err(broken)?,
        issued_s: u32::try_from(now_s).map_err(broken)?,
        size: SIZE,
        suspended,
        revoked,
    })
}
