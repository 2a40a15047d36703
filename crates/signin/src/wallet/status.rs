//! Token status lists (draft-ietf-oauth-status-list): two bits for each credential, so that suspension and
//! revocation are told apart. A card that is lost, locked or frozen suspends; one that ended, or a credential
//! that the holder took back, is invalid for good (Art. 2, 13, 20).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::json;

use super::store;
use crate::jose::{Alg, b64};
use crate::{keyring, keys, service};

/// Places of one list; the next is begun when free ones are hard to find.
pub const SIZE: i64 = 1 << 20;
/// Bits of a place.
const BITS: usize = 2;
/// Seconds that others may keep a list.
pub const TTL_S: i64 = 60;
/// How long a list that was signed is given out again.
const KEPT: Duration = Duration::from_secs(2);

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// In order, or not given out.
    Valid = 0,
    /// Never good again.
    Invalid = 1,
    /// Not good now.
    Suspended = 2,
}

/// Lists that were signed a moment ago.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<HashMap<i64, (Instant, String)>>>);

/// Address of a list.
pub fn address(issuer: &str, list: impl std::fmt::Display) -> String {
    format!("{issuer}/wallet/status/{list}")
}

/// The bytes of a list: the first place in the lowest bits of the first byte.
pub fn packed(not_valid: &[(i64, Status)]) -> Vec<u8> {
    let mut bytes = vec![0u8; SIZE as usize * BITS / 8];
    for (place, status) in not_valid {
        let bit = *place as usize * BITS;
        if let Some(byte) = bytes.get_mut(bit / 8) {
            *byte |= (*status as u8) << (bit % 8);
        }
    }
    bytes
}

/// A signed list (`statuslist+jwt`); none when it was not begun.
///
/// # Errors
/// The database's word.
pub async fn list(app: &App, kept: &Kept, list: i64) -> Result<Option<String>, Problem> {
    let fresh = |at: &Instant| at.elapsed() < KEPT;
    if let Some((_, text)) =
        kept.0.lock().ok().and_then(|all| all.get(&list).filter(|(at, _)| fresh(at)).cloned())
    {
        return Ok(Some(text));
    }
    let now = Utc::now();
    let found = app
        .db
        .read(move |tx| match store::last_list(tx)? {
            last if (0..=last).contains(&list) => Ok(Some(store::not_valid(tx, list, now)?)),
            _ => Ok::<_, Problem>(None),
        })
        .await?;
    let Some(not_valid) = found else { return Ok(None) };
    let issuer = service::issuer(app);
    let (kid, private) = keyring::signing_key(app, Alg::Es256).await?;
    let claims = json!({
        "sub": address(&issuer, list),
        "iss": issuer,
        "iat": now.seconds(),
        "exp": now.seconds() + 3_600,
        "ttl": TTL_S,
        "status_list": {"bits": BITS, "lst": b64(compress_to_vec_zlib(&packed(&not_valid), 6))},
    });
    let text = keys::sign(&kid, Alg::Es256, &private, "statuslist+jwt", &claims);
    let text = text.map_err(|_| kernel::db::DbError::Unavailable("no key signs".to_owned()))?;
    if let Ok(mut all) = kept.0.lock() {
        all.insert(list, (Instant::now(), text.clone()));
    }
    Ok(Some(text))
}
